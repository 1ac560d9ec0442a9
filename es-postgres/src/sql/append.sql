-- Returns no row, and writes nothing, if the caller's name ids belong to another history: see
-- `registrations`. The last parameter is the lock timeout in milliseconds, set before any lock is taken; null
-- keeps that of the session.
SELECT a.answer
FROM (
    SELECT :schema.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS answer
    WHERE $16::text IS NULL OR set_config('lock_timeout', $16, true) IS NOT NULL
    OFFSET 0
) AS a
WHERE (a.answer).outcome <> 'another history'

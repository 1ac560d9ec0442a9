-- No row comes back, and nothing is written, where the caller's names are of another history: see
-- `registrations`. Before it waits for locks it is told for how long, in milliseconds; null, the session was.
SELECT a.answer
FROM (
    SELECT :schema.append_all($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS answer
    WHERE $17::text IS NULL OR set_config('lock_timeout', $17, true) IS NOT NULL
    OFFSET 0
) AS a
WHERE (a.answer).outcomes IS DISTINCT FROM '{another history}'

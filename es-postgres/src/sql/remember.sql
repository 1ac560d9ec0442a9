-- No row comes back, and nothing is written, where the caller's names are of another history: see
-- `registrations`. Before it waits for locks it is told for how long, in milliseconds; null, the session was.
SELECT (d.answer).outcome, (d.answer).revision, (d.answer).event_count, (d.answer).body_hash
FROM (
    SELECT :schema.remember($1, $2, $3, $4, $5, $6, $7, $8) AS answer
    FROM :schema.registrations r
    WHERE r.token = $9
      AND ($10::text IS NULL OR set_config('lock_timeout', $10, true) IS NOT NULL)
    OFFSET 0
) AS d

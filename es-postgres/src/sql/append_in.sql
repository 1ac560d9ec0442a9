-- As `append.sql`, in a transaction of the caller. The lock timeout is the smaller of the last parameter, in
-- milliseconds, and the caller's setting, which is restored afterwards.
SELECT b.answer
FROM (
    SELECT a.answer, set_config('lock_timeout', a.own, true)
    FROM (
        SELECT :schema.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS answer, s.own
        FROM (SELECT current_setting('lock_timeout') AS own OFFSET 0) AS s
        WHERE set_config('lock_timeout', CASE
                  WHEN s.own::interval > '0' AND s.own::interval < make_interval(secs => $16::bigint / 1000.0)
                  THEN s.own ELSE $16::bigint::text END, true) IS NOT NULL
        OFFSET 0
    ) AS a
    OFFSET 0
) AS b
WHERE (b.answer).outcome <> 'another history'

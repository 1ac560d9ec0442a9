-- Returns no row, and writes nothing, if the caller's name ids belong to another history: see
-- `registrations`. The lock timeout is that of `append_in.sql`.
SELECT b.answer
FROM (
    SELECT a.answer, set_config('lock_timeout', a.own, true)
    FROM (
        SELECT :schema.remember($1, $2, $3, $4, $5, $6, $7, $8) AS answer, s.own
        FROM (
            SELECT current_setting('lock_timeout') AS own
            FROM :schema.registrations r
            WHERE r.token = $9
            OFFSET 0
        ) AS s
        WHERE set_config('lock_timeout', CASE
                  WHEN s.own::interval > '0' AND s.own::interval < make_interval(secs => $10::bigint / 1000.0)
                  THEN s.own ELSE $10::bigint::text END, true) IS NOT NULL
        OFFSET 0
    ) AS a
    OFFSET 0
) AS b

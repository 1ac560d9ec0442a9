UPDATE decision_times AS t
SET decided_at = d.value ->> 1, outcome = d.value ->> 2
FROM json_each(?1) AS d
WHERE t.application = d.value ->> 0 AND t.decided_at IS NULL

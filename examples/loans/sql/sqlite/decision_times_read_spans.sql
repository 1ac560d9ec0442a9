-- How many were decided in each span of hours; 0 is the one below the first bound of ?1.
SELECT (SELECT count(*) FROM json_each(?1) WHERE value ->> 0 <= hours), count(*)
FROM es_decision_times.decision_times
WHERE decided_at IS NOT NULL
GROUP BY 1

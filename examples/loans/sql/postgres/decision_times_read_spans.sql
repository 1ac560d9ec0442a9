-- How many were decided in each span of hours; 0 is the one below the first bound of $1.
SELECT width_bucket(hours, $1::double precision[]), count(*)
FROM es_decision_times.decision_times
WHERE decided_at IS NOT NULL
GROUP BY 1

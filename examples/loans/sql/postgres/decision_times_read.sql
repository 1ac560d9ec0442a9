-- By outcome, and last of all decided ones together.
SELECT outcome, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY hours),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY hours)
FROM es_decision_times.decision_times
WHERE decided_at IS NOT NULL
GROUP BY GROUPING SETS ((outcome), ())
HAVING count(*) > 0
ORDER BY outcome COLLATE "C" NULLS LAST

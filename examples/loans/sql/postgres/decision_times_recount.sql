-- The hours from submission to decision, from the events up to the position $1.
WITH decided AS (
    SELECT split_part(d.name, '.', 2) AS outcome,
           extract(epoch FROM d.occurred_at - s.occurred_at)::double precision / 3600 AS hours
    FROM es.event_log d
    JOIN es.event_log s ON s.category = d.category AND s.key = d.key AND s.name = 'loan.submitted' AND s.position <= $1
    WHERE d.category = 'loan' AND d.name IN ('loan.approved', 'loan.declined', 'loan.cancelled') AND d.position <= $1
)
SELECT outcome, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY hours),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY hours)
FROM decided
GROUP BY GROUPING SETS ((outcome), ())
HAVING count(*) > 0
ORDER BY outcome COLLATE "C" NULLS LAST

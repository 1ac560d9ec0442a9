-- The outcomes by month, from the events up to the position $1.
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month,
       count(*) FILTER (WHERE name = 'loan.submitted'),
       count(*) FILTER (WHERE name = 'loan.approved'),
       count(*) FILTER (WHERE name = 'loan.declined'),
       count(*) FILTER (WHERE name = 'loan.cancelled')
FROM es.event_log
WHERE category = 'loan' AND position <= $1
  AND name IN ('loan.submitted', 'loan.approved', 'loan.declined', 'loan.cancelled')
GROUP BY 1
ORDER BY 1

-- The outcomes by month, from the events up to the position ?1.
SELECT date(occurred_at / 1000000, 'unixepoch', 'start of month') AS month,
       count(*) FILTER (WHERE name = 'loan.submitted'),
       count(*) FILTER (WHERE name = 'loan.approved'),
       count(*) FILTER (WHERE name = 'loan.declined'),
       count(*) FILTER (WHERE name = 'loan.cancelled')
FROM event_log
WHERE category = 'loan' AND position <= ?1
  AND name IN ('loan.submitted', 'loan.approved', 'loan.declined', 'loan.cancelled')
GROUP BY 1
ORDER BY 1

-- The work of each resource month by month, from the events up to the position ?1.
SELECT coalesce(metadata ->> 'actor', '') AS resource,
       date(occurred_at / 1000000, 'unixepoch', 'start of month') AS month,
       count(*) FILTER (WHERE name = 'loan.work.started'), count(*) FILTER (WHERE name = 'loan.work.completed')
FROM event_log
WHERE category = 'loan' AND position <= ?1 AND name IN ('loan.work.started', 'loan.work.completed')
GROUP BY 1, 2
ORDER BY 1, 2

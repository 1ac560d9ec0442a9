-- How many applications were decided in each span of hours, from the events up to the position $1.
SELECT width_bucket(extract(epoch FROM d.occurred_at - s.occurred_at)::double precision / 3600, $2::double precision[]), count(*)
FROM es.event_log d
JOIN es.event_log s ON s.category = d.category AND s.key = d.key AND s.name = 'loan.submitted' AND s.position <= $1
WHERE d.category = 'loan' AND d.name IN ('loan.approved', 'loan.declined', 'loan.cancelled') AND d.position <= $1
GROUP BY 1

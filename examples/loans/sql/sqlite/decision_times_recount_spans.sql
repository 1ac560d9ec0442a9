-- How many applications were decided in each span of hours, from the events up to the position ?1.
SELECT (SELECT count(*) FROM json_each(?2)
        WHERE value ->> 0 <= (d.occurred_at - s.occurred_at) / 1000000.0 / 3600), count(*)
FROM event_log d
JOIN event_log s ON s.stream = d.stream AND s.name = 'loan.submitted' AND s.position <= ?1
WHERE d.category = 'loan' AND d.name IN ('loan.approved', 'loan.declined', 'loan.cancelled') AND d.position <= ?1
GROUP BY 1

-- The hours from submission to decision, from the events up to the position ?1.
WITH spans AS (
    SELECT substr(d.name, 6) AS outcome, (d.occurred_at - s.occurred_at) / 1000000.0 / 3600 AS hours
    FROM event_log d
    JOIN event_log s ON s.stream = d.stream AND s.name = 'loan.submitted' AND s.position <= ?1
    WHERE d.category = 'loan' AND d.name IN ('loan.approved', 'loan.declined', 'loan.cancelled') AND d.position <= ?1
), decided AS (
    SELECT outcome, hours FROM spans
    UNION ALL
    SELECT NULL, hours FROM spans
), ranked AS (
    SELECT outcome, hours, row_number() OVER (PARTITION BY outcome ORDER BY hours) - 1 AS place,
           count(*) OVER (PARTITION BY outcome) AS applications
    FROM decided
), wanted (fraction) AS (
    VALUES (0.5), (0.9)
), bounds AS (
    SELECT outcome, applications, fraction, min(hours) AS lower, max(hours) AS upper,
           fraction * (applications - 1) - min(place) AS beyond
    FROM ranked
    JOIN wanted ON abs(place - fraction * (applications - 1)) < 1
    GROUP BY outcome, applications, fraction
)
SELECT outcome, applications,
       max(lower + beyond * (upper - lower)) FILTER (WHERE fraction = 0.5),
       max(lower + beyond * (upper - lower)) FILTER (WHERE fraction = 0.9)
FROM bounds
GROUP BY outcome, applications
ORDER BY outcome NULLS LAST

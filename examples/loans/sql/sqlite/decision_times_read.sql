-- By outcome, and last of all decided ones together.
WITH decided AS (
    SELECT outcome, hours FROM es_decision_times.decision_times WHERE decided_at IS NOT NULL
    UNION ALL
    SELECT NULL, hours FROM es_decision_times.decision_times WHERE decided_at IS NOT NULL
), ranked AS (
    SELECT outcome, hours, row_number() OVER (PARTITION BY outcome ORDER BY hours) - 1 AS place,
           count(*) OVER (PARTITION BY outcome) AS applications
    FROM decided
), wanted (fraction) AS (
    VALUES (0.5), (0.9)
), bounds AS (
    -- What PostgreSQL calls `percentile_cont`: between the two values that the wanted place falls between.
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

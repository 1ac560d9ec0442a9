-- The reminders that the events up to the position ?1 call for, and whether that silence lasts to their end.
-- After each event of an application without a decision: is the next one, or the end, 30 days later or more?
WITH seen AS (
    SELECT key, occurred_at,
           lead(occurred_at) OVER history AS next,
           max(name IN ('loan.approved', 'loan.declined', 'loan.cancelled')) OVER history AS decided,
           max(occurred_at) OVER () AS ends
    FROM event_log
    WHERE category = 'loan' AND position <= ?1
    WINDOW history AS (PARTITION BY key ORDER BY revision)
)
SELECT key, occurred_at + 2592000000000 AS at, next IS NULL
FROM seen
WHERE NOT decided AND coalesce(next, ends) >= occurred_at + 2592000000000
ORDER BY at, key

-- The reminders that the events up to the position $1 call for, and whether that silence lasts to their end.
-- After each event of an application without a decision: is the next one, or the end, 30 days later or more?
WITH seen AS (
    SELECT key, occurred_at,
           lead(occurred_at) OVER history AS next,
           bool_or(name IN ('loan.approved', 'loan.declined', 'loan.cancelled')) OVER history AS decided,
           max(occurred_at) OVER () AS ends
    FROM es.event_log
    WHERE category = 'loan' AND position <= $1
    WINDOW history AS (PARTITION BY key ORDER BY revision)
)
SELECT key, (extract(epoch FROM occurred_at + interval '720 hours') * 1000000)::bigint AS at, (next IS NULL)::int::bigint
FROM seen
WHERE NOT decided AND coalesce(next, ends) >= occurred_at + interval '720 hours'
ORDER BY at, key

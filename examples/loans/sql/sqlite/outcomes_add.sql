-- Adds the counts of a batch to those of each month.
INSERT INTO outcomes_by_month AS m (month, submitted, approved, declined, cancelled)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1) WHERE true
ON CONFLICT (month) DO UPDATE SET
    submitted = m.submitted + excluded.submitted,
    approved  = m.approved + excluded.approved,
    declined  = m.declined + excluded.declined,
    cancelled = m.cancelled + excluded.cancelled

-- Adds the counts of a batch to those of each month.
INSERT INTO outcomes_by_month AS m (month, submitted, approved, declined, cancelled)
SELECT * FROM unnest($1::date[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
ON CONFLICT (month) DO UPDATE SET
    submitted = m.submitted + excluded.submitted,
    approved  = m.approved + excluded.approved,
    declined  = m.declined + excluded.declined,
    cancelled = m.cancelled + excluded.cancelled

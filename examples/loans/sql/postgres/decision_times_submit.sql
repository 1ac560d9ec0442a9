INSERT INTO decision_times (application, submitted_at)
SELECT * FROM unnest($1::text[], $2::timestamptz[])

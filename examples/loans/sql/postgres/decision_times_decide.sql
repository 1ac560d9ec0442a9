UPDATE decision_times t
SET decided_at = d.decided_at, outcome = d.outcome
FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS d (application, decided_at, outcome)
WHERE t.application = d.application AND t.decided_at IS NULL

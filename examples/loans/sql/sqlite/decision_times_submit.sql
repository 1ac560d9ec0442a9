INSERT INTO decision_times (application, submitted_at)
SELECT value ->> 0, value ->> 1 FROM json_each(?1)

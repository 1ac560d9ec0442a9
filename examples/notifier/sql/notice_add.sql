INSERT INTO notices (application, message, outcome, cents, occurred_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (application, message) DO NOTHING

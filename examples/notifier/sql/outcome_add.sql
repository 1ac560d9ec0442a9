INSERT INTO outcomes AS o (outcome, applications, cents) VALUES (?1, ?2, ?3)
ON CONFLICT (outcome) DO UPDATE SET
    applications = o.applications + excluded.applications,
    cents        = o.cents + excluded.cents

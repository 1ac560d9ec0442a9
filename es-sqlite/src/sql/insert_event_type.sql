INSERT INTO event_types (name, version, fingerprint) VALUES (?1, ?2, ?3) RETURNING id

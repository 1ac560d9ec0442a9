INSERT INTO event_types (name, version, fingerprint) VALUES (?1, ?2, ?3)
ON CONFLICT (name, version) DO UPDATE SET fingerprint = coalesce(fingerprint, excluded.fingerprint)

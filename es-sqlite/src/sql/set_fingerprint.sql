UPDATE event_types SET fingerprint = ?2 WHERE id = ?1 AND fingerprint IS NULL

INSERT INTO commands (stream, id, first, count, rejected, body_hash, name, recorded_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT id FROM command_names WHERE name = ?7), ?8)
ON CONFLICT DO NOTHING

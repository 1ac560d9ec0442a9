INSERT INTO commands (stream, id, first, count, rejected, body_hash, name, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

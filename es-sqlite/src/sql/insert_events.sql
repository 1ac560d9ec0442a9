INSERT INTO events (
    position, stream, revision, id, type, recorded_at, occurred_at, correlation_id, causation_id, payload,
    metadata, checksum
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

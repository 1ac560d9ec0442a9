SELECT
    2, e.position, e.revision, e.id, t.name, t.version, e.recorded_at, e.occurred_at, e.correlation_id,
    e.causation_id, e.payload, e.metadata, e.checksum, s.category, c.name, s.key
FROM events AS e
LEFT JOIN event_types AS t ON t.id = e.type
LEFT JOIN streams AS s ON s.id = e.stream
LEFT JOIN categories AS c ON c.id = s.category
WHERE e.id = ?1
ORDER BY e.position

SELECT
    e.position, e.revision, e.id, CASE WHEN e.type <= ?2 THEN e.type ELSE (
        SELECT 'v' || t.version || ' ' || t.name FROM event_types AS t WHERE t.id = e.type
    ) END AS type,
    e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id, e.payload, e.metadata, e.checksum, s.category, c.name, s.key
FROM events AS e
LEFT JOIN streams AS s ON s.id = e.stream
LEFT JOIN categories AS c ON c.id = s.category
WHERE e.id = ?1
ORDER BY e.position

SELECT
    2, e.position, e.revision, e.id, t.name, t.version, e.recorded_at, e.occurred_at, e.correlation_id,
    e.causation_id, e.payload, e.metadata, e.checksum
FROM events AS e
LEFT JOIN event_types AS t ON t.id = e.type
WHERE e.stream = (
        SELECT s.id
        FROM category_names AS n
        JOIN streams AS s ON s.category = n.category
        WHERE n.name = ?1 AND s.key = ?2
    )
    AND e.revision >= ?3
    AND e.revision <= ?4
ORDER BY e.revision

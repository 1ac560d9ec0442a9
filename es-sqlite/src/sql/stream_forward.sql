SELECT
    e.position, e.revision, e.id, CASE WHEN e.type <= ?5 THEN e.type ELSE (
        SELECT 'v' || t.version || ' ' || t.name FROM event_types AS t WHERE t.id = e.type
    ) END AS type,
    e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id, e.payload, e.metadata, e.checksum
FROM events AS e
WHERE e.stream = (
        SELECT s.id
        FROM category_names AS n
        JOIN streams AS s ON s.category = n.category
        WHERE n.name = ?1 AND s.key = ?2
    )
    AND e.revision >= ?3
    AND e.revision <= ?4
ORDER BY e.revision

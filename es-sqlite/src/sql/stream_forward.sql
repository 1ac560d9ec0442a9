-- Each row is packed: see read/packed.rs.
SELECT
    concat_ws(
        char(0), e.position, e.revision,
        CASE WHEN e.type <= ?5 THEN e.type ELSE ifnull((
            SELECT 'v' || t.version || ' ' || t.name FROM event_types AS t WHERE t.id = e.type
        ), '') END,
        e.recorded_at, e.checksum,
        CASE WHEN coalesce(e.occurred_at, e.correlation_id, e.causation_id, e.metadata) IS NULL THEN 0
        ELSE concat_ws(
            char(0), 1, ifnull(e.occurred_at, ''), ifnull(octet_length(e.correlation_id), ''),
            ifnull(octet_length(e.causation_id), ''), ifnull(octet_length(e.metadata), '')
        ) END,
        e.id, e.correlation_id, e.causation_id, e.metadata, e.payload
    )
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

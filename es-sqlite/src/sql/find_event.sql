-- Each row is packed: see read/packed.rs.
SELECT
    concat_ws(
        char(0), e.position, ifnull(s.category, ''), ifnull(c.name, ''), ifnull(s.key, ''), e.revision,
        CASE WHEN e.type <= ?2 THEN e.type ELSE ifnull((
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
LEFT JOIN streams AS s ON s.id = e.stream
LEFT JOIN categories AS c ON c.id = s.category
WHERE e.id = ?1
ORDER BY e.position

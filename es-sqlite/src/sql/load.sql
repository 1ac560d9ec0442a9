-- The head and the command's outcome, then the snapshot, then the events after it: one consistent view of the
-- stream. Each row is packed: see read/packed.rs.
WITH stream AS MATERIALIZED (
    SELECT s.id, s.closed
    FROM category_names AS n
    JOIN streams AS s ON s.category = n.category
    WHERE n.name = ?1 AND s.key = ?2
), snapshot AS MATERIALIZED (
    SELECT p.revision, p.state, p.checksum
    FROM stream
    JOIN snapshots AS p ON p.stream = stream.id
    WHERE p.fingerprint = ?5 AND p.revision > ?3 AND p.revision <= ?4
)
SELECT
    concat_ws(
        char(0), 'a', stream.closed, ifnull(h.revision, ''), ifnull(hex(h.id), ''), ifnull(c.first, ''),
        ifnull(c.count, ''), ifnull(c.rejected, ''), ifnull(c.body_hash, ''), n.name
    )
FROM stream
LEFT JOIN events AS h
    ON h.stream = stream.id
    AND h.revision = (SELECT max(l.revision) FROM events AS l WHERE l.stream = stream.id)
LEFT JOIN commands AS c ON c.stream = stream.id AND c.id = ?6
LEFT JOIN command_names AS n ON n.id = c.name
UNION ALL
SELECT concat_ws(char(0), 'b', revision, checksum, state) FROM snapshot
UNION ALL
SELECT * FROM (
    SELECT
        concat_ws(
            char(0), e.position, e.revision,
            CASE WHEN e.type <= ?7 THEN e.type ELSE ifnull((
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
    WHERE e.stream = (SELECT id FROM stream)
        AND e.revision > coalesce((SELECT revision FROM snapshot), ?3)
        AND e.revision <= ?4
    ORDER BY e.revision
)

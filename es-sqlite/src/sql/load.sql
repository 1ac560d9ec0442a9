-- Head and ledger, then the snapshot, then the events after it: one view of the stream. The type is -1 and -2
-- in rows that hold no event.
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
    stream.closed AS position, h.revision, h.id, -1 AS type, c.first AS recorded_at, c.count AS occurred_at,
    c.rejected AS correlation_id, c.body_hash AS causation_id, n.name AS payload, NULL AS metadata,
    NULL AS checksum
FROM stream
LEFT JOIN events AS h
    ON h.stream = stream.id
    AND h.revision = (SELECT max(l.revision) FROM events AS l WHERE l.stream = stream.id)
LEFT JOIN commands AS c ON c.stream = stream.id AND c.id = ?6
LEFT JOIN command_names AS n ON n.id = c.name
UNION ALL
SELECT NULL, revision, NULL, -2, NULL, NULL, NULL, NULL, state, NULL, checksum FROM snapshot
UNION ALL
SELECT * FROM (
    SELECT
        e.position, e.revision, e.id, CASE WHEN e.type <= ?7 THEN e.type ELSE (
            SELECT 'v' || t.version || ' ' || t.name FROM event_types AS t WHERE t.id = e.type
        ) END,
        e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id, e.payload, e.metadata, e.checksum
    FROM events AS e
    WHERE e.stream = (SELECT id FROM stream)
        AND e.revision > coalesce((SELECT revision FROM snapshot), ?3)
        AND e.revision <= ?4
    ORDER BY e.revision
)

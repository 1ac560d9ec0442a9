-- Appends events to a stream that is open and at the revision that the caller expects, in a file at the
-- version that the writer knows; otherwise inserts nothing. A single statement is a transaction by itself.
WITH next AS (
    SELECT s.id
    FROM streams AS s
    JOIN events AS e ON e.stream = s.id AND e.revision = ?
    WHERE s.category = ? AND s.key = ? AND s.closed = 0
        AND e.id = coalesce(?, e.id)
        AND NOT EXISTS (SELECT 1 FROM events AS l WHERE l.stream = s.id AND l.revision = e.revision + 1)
        AND (SELECT data_version FROM pragma_data_version) = ?
)
INSERT INTO events (
    position, stream, revision, id, type, recorded_at, occurred_at, correlation_id, causation_id, payload,
    metadata, checksum
)
SELECT
    n.column1, next.id, n.column2, n.column3, n.column4, n.column5, n.column6, n.column7, n.column8, n.column9,
    n.column10, n.column11
FROM next CROSS JOIN (VALUES
    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
) AS n

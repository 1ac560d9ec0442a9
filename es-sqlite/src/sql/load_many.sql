-- As "load", of several streams and without the ledger: the heads, the snapshots, then the events, each with
-- the number of its stream in the list. One view of the file; each row is packed: see read/packed.rs.
WITH wanted AS MATERIALIZED (
    SELECT w.key AS number, s.id, s.closed
    FROM json_each(?1) AS w
    JOIN category_names AS n ON n.name = json_extract(w.value, '$[0]')
    JOIN streams AS s ON s.category = n.category AND s.key = json_extract(w.value, '$[1]')
), snapshot AS MATERIALIZED (
    SELECT wanted.number, p.revision, p.state, p.checksum
    FROM wanted
    JOIN snapshots AS p ON p.stream = wanted.id AND p.fingerprint = ?2
)
SELECT
    concat_ws(char(0), 'a', wanted.number, wanted.closed, ifnull(h.revision, ''), ifnull(hex(h.id), ''))
FROM wanted
LEFT JOIN events AS h
    ON h.stream = wanted.id
    AND h.revision = (SELECT max(l.revision) FROM events AS l WHERE l.stream = wanted.id)
UNION ALL
SELECT concat_ws(char(0), 'b', number, revision, checksum, state) FROM snapshot
UNION ALL
SELECT * FROM (
    SELECT
        concat_ws(
            char(0), wanted.number, e.position, e.revision,
            CASE WHEN e.type <= ?3 THEN e.type ELSE ifnull((
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
    FROM wanted
    LEFT JOIN snapshot AS p ON p.number = wanted.number
    JOIN events AS e ON e.stream = wanted.id AND e.revision > ifnull(p.revision, 0)
    ORDER BY wanted.number, e.revision
)

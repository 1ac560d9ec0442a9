-- The end of the store and the event of the checkpoint, then the categories of the filter, then the events.
-- Each row is packed: see read/packed.rs.
SELECT
    concat_ws(
        char(0), 'a', ifnull(h.position, ''), ifnull(hex(h.id), ''),
        ifnull((SELECT hex(b.id) FROM events AS b WHERE b.position = ?1), '')
    )
FROM (SELECT 1)
LEFT JOIN events AS h ON h.position = (SELECT max(l.position) FROM events AS l)
UNION ALL
SELECT concat_ws(char(0), 'b', w.key, n.category)
FROM json_each(?3) AS w
JOIN json_each(w.value) AS v
JOIN category_names AS n ON n.name = v.value
UNION ALL
SELECT * FROM (
    SELECT
        concat_ws(
            char(0), e.position, ifnull(s.category, ''), ifnull(c.name, ''), ifnull(s.key, ''), e.revision,
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
    LEFT JOIN streams AS s ON s.id = e.stream
    LEFT JOIN categories AS c ON c.id = s.category
    WHERE e.position > ?1
        -- An event whose type or stream does not exist is damaged, and must never be skipped. Types are
        -- numbered without gaps.
        AND (
            ?4 IS NULL
            OR e.type IN (SELECT t.id FROM event_types AS t WHERE t.name IN (SELECT value FROM json_each(?4)))
            OR e.type > (SELECT coalesce(max(t.id), 0) FROM event_types AS t)
        )
        AND (?3 IS NULL OR s.category IS NULL OR s.category IN (
            SELECT n.category
            FROM json_each(?3) AS w
            JOIN json_each(w.value) AS v
            JOIN category_names AS n ON n.name = v.value
        ))
    ORDER BY e.position
    -- A plain parameter would cause the statement to be planned again for each of its values.
    LIMIT ?2 + 0
)

-- The head and the event of the checkpoint, then which categories are asked for, then the events.
SELECT
    0 AS kind, h.position, NULL AS revision, h.id, NULL AS name, NULL AS version, NULL AS recorded_at,
    NULL AS occurred_at, (SELECT b.id FROM events AS b WHERE b.position = ?1) AS correlation_id,
    NULL AS causation_id, NULL AS payload, NULL AS metadata, NULL AS checksum, NULL AS category,
    NULL AS category_name, NULL AS key
FROM (SELECT 1)
LEFT JOIN events AS h ON h.position = (SELECT max(l.position) FROM events AS l)
UNION ALL
SELECT
    1, w.key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, n.category, NULL, NULL
FROM json_each(?3) AS w
JOIN json_each(w.value) AS v
JOIN category_names AS n ON n.name = v.value
UNION ALL
SELECT * FROM (
    SELECT
        2, e.position, e.revision, e.id, t.name, t.version, e.recorded_at, e.occurred_at, e.correlation_id,
        e.causation_id, e.payload, e.metadata, e.checksum, s.category, c.name, s.key
    FROM events AS e
    LEFT JOIN event_types AS t ON t.id = e.type
    LEFT JOIN streams AS s ON s.id = e.stream
    LEFT JOIN categories AS c ON c.id = s.category
    WHERE e.position > ?1
        -- What names a type or a stream that is not there is damaged, and never skipped.
        AND (?4 IS NULL OR t.id IS NULL OR t.name IN (SELECT value FROM json_each(?4)))
        AND (?3 IS NULL OR s.category IS NULL OR s.category IN (
            SELECT n.category
            FROM json_each(?3) AS w
            JOIN json_each(w.value) AS v
            JOIN category_names AS n ON n.name = v.value
        ))
    ORDER BY e.position
    LIMIT ?2
)

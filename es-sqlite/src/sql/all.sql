-- The head and the event of the checkpoint, then which categories are asked for, then the events. The type is
-- -1 and -2 in rows that hold no event.
SELECT
    h.position, NULL AS revision, h.id, -1 AS type, NULL AS recorded_at, NULL AS occurred_at,
    (SELECT b.id FROM events AS b WHERE b.position = ?1) AS correlation_id, NULL AS causation_id,
    NULL AS payload, NULL AS metadata, NULL AS checksum, NULL AS category, NULL AS category_name, NULL AS key
FROM (SELECT 1)
LEFT JOIN events AS h ON h.position = (SELECT max(l.position) FROM events AS l)
UNION ALL
SELECT w.key, NULL, NULL, -2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, n.category, NULL, NULL
FROM json_each(?3) AS w
JOIN json_each(w.value) AS v
JOIN category_names AS n ON n.name = v.value
UNION ALL
SELECT * FROM (
    SELECT
        e.position, e.revision, e.id, CASE WHEN e.type <= ?5 THEN e.type ELSE (
            SELECT 'v' || t.version || ' ' || t.name FROM event_types AS t WHERE t.id = e.type
        ) END,
        e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id, e.payload, e.metadata, e.checksum,
        s.category, c.name, s.key
    FROM events AS e
    LEFT JOIN streams AS s ON s.id = e.stream
    LEFT JOIN categories AS c ON c.id = s.category
    WHERE e.position > ?1
        -- What names a type or a stream that is not there is damaged, and never skipped. Types are numbered
        -- without holes.
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
    LIMIT ?2
)

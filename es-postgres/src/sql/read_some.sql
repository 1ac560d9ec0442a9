-- As `read_all`, of the categories $6 and the event names $7, either of which may be null. A page looks at a stretch of $8
-- positions behind the next event, wanted or not, so that a rare event makes no endless statement. The first row also tells the
-- last event that was looked at (its position and event_id), and the position at which the look ended for that reason (revision).
WITH reach AS MATERIALIZED (
    SELECT (SELECT e.event_id FROM :schema.events e WHERE e.position = $1) AS passed,
           (SELECT e.position FROM :schema.events e WHERE e.position > $1 ORDER BY e.position LIMIT 1) + $8 - 1 AS through
), header AS MATERIALIZED (
    SELECT reach.passed, last.position, last.event_id, reach.through
    FROM reach
    LEFT JOIN LATERAL (
        SELECT e.position, e.event_id FROM :schema.events e
        WHERE e.position > $1 AND e.position <= least($2, reach.through)
        ORDER BY e.position DESC LIMIT 1) AS last ON true
)
SELECT header.through AS revision, header.position, NULL::integer AS type, header.event_id,
       NULL::timestamptz AS recorded_at, NULL::timestamptz AS occurred_at, header.passed AS correlation_id,
       NULL::uuid AS causation_id, NULL::json AS payload, NULL::json AS metadata, NULL AS type_name, NULL AS key,
       NULL::integer AS category, NULL AS category_name
FROM header
UNION ALL
(SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > $4 THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END,
       s.key, s.category,
       CASE WHEN s.category > $5
            THEN (SELECT c.name FROM :schema.categories c WHERE c.id = s.category AND NOT c.is_alias) END
FROM (SELECT * FROM :schema.events e WHERE e.position > $1 ORDER BY e.position LIMIT $8) AS e
JOIN :schema.streams s ON s.id = e.stream
WHERE e.position <= (SELECT least($2, header.through) FROM header)
  AND ($6::text[] IS NULL
       OR s.category = ANY (ARRAY(SELECT c.id FROM :schema.categories c WHERE c.name = ANY ($6))))
  AND ($7::text[] IS NULL
       OR e.type = ANY (ARRAY(SELECT t.id FROM :schema.event_types t WHERE t.name = ANY ($7))))
ORDER BY e.position
LIMIT $3)

-- One page of all events behind the position $1 and not beyond $2, which is safe. The first row is no event: its correlation_id
-- is the id of the event at $1, to be compared with the checkpoint. The limit stands alone with the order, below everything else:
-- no estimate can make the server read and sort more than a page. The parts of a UNION ALL are read one after the other, so nothing
-- is sorted; the reader checks the order. Event types and categories beyond the last ones that the caller knows bring their names.
SELECT NULL::bigint AS revision, NULL::bigint AS position, NULL::integer AS type, NULL::uuid AS event_id,
       NULL::timestamptz AS recorded_at, NULL::timestamptz AS occurred_at,
       (SELECT e.event_id FROM :schema.events e WHERE e.position = $1) AS correlation_id, NULL::uuid AS causation_id,
       NULL::json AS payload, NULL::json AS metadata, NULL AS type_name, NULL AS key, NULL::integer AS category, NULL AS category_name
UNION ALL
(SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > $4 THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END,
       s.key, s.category,
       CASE WHEN s.category > $5
            THEN (SELECT c.name FROM :schema.categories c WHERE c.id = s.category AND NOT c.is_alias) END
FROM (SELECT * FROM :schema.events e WHERE e.position > $1 ORDER BY e.position LIMIT $3) AS e
JOIN :schema.streams s ON s.id = e.stream
WHERE e.position <= $2
ORDER BY e.position)

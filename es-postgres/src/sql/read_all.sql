-- One page of all events behind the position $1 and not beyond $2, which is safe. Each row brings along the id of the event
-- at $1, to be compared with the checkpoint; a page without events is one row of that. The limit stands alone with the order,
-- below everything else: no estimate can make the server read and sort more than a page. Event types and categories beyond
-- the last ones that the caller knows bring their names.
SELECT page.*, header.passed
FROM (SELECT (SELECT e.event_id FROM :schema.events e WHERE e.position = $1) AS passed) AS header
LEFT JOIN (
    SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
           e.payload, e.metadata,
           CASE WHEN e.type > $4 THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END
               AS type_name,
           s.key, s.category,
           CASE WHEN s.category > $5
                THEN (SELECT c.name FROM :schema.categories c WHERE c.id = s.category AND NOT c.is_alias) END AS category_name
    FROM (SELECT * FROM :schema.events e WHERE e.position > $1 ORDER BY e.position LIMIT $3) AS e
    JOIN :schema.streams s ON s.id = e.stream
    WHERE e.position <= $2
    ORDER BY e.position) AS page ON true

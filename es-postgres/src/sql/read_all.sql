-- One page behind the position $1 and not beyond $2, which is safe. A page looks at no more than 100,000 positions from the
-- first event on, so that a rare event makes no endless statement. Each row brings along: the id of the event at $1, to be
-- compared with the checkpoint; the last event that was looked at; and how far the page may look. A page without events is
-- one row of those. Event types and categories beyond the last ones that the caller knows bring their names.
WITH reach AS MATERIALIZED (
    SELECT least($2, (SELECT e.position FROM :schema.events e WHERE e.position > $1 ORDER BY e.position LIMIT 1) + 100000) AS through,
           (SELECT e.event_id FROM :schema.events e WHERE e.position = $1) AS passed
), ends AS MATERIALIZED (
    SELECT reach.passed, reach.through, last.position, last.event_id
    FROM reach
    LEFT JOIN LATERAL (
        SELECT e.position, e.event_id FROM :schema.events e
        WHERE e.position > $1 AND e.position <= reach.through
        ORDER BY e.position DESC LIMIT 1) AS last ON true
)
SELECT page.revision, page.position, page.type, page.event_id, page.recorded_at, page.occurred_at, page.correlation_id,
       page.causation_id, page.payload, page.metadata, page.type_name, page.key, page.category, page.category_name,
       ends.passed, ends.position, ends.event_id, ends.through
FROM ends
LEFT JOIN LATERAL (
    SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
           e.payload, e.metadata,
           CASE WHEN e.type > $6 THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END
               AS type_name,
           s.key, s.category,
           CASE WHEN s.category > $7
                THEN (SELECT c.name FROM :schema.categories c WHERE c.id = s.category AND NOT c.is_alias) END AS category_name
    FROM :schema.events e
    JOIN :schema.streams s ON s.id = e.stream
    WHERE e.position > $1 AND e.position <= ends.position
      AND ($3::text[] IS NULL
           OR s.category = ANY (ARRAY(SELECT c.id FROM :schema.categories c WHERE c.name = ANY ($3))))
      AND ($4::text[] IS NULL
           OR e.type = ANY (ARRAY(SELECT t.id FROM :schema.event_types t WHERE t.name = ANY ($4))))
    ORDER BY e.position
    LIMIT $5) AS page ON true

SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > $2 THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END,
       s.key, s.category,
       CASE WHEN s.category > $3 THEN (SELECT c.name FROM :schema.categories c WHERE c.id = s.category AND NOT c.is_alias) END
FROM :schema.events e
JOIN :schema.streams s ON s.id = e.stream
WHERE e.event_id = $1
ORDER BY e.position

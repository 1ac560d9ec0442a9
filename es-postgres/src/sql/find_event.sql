-- Rows include the names of event types and categories that come after the last ones known to the caller; all
-- rows do if the caller's name ids belong to another history.
SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > coalesce((SELECT $2::integer FROM :schema.registrations r WHERE r.token = $4), 0)
            THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END AS note,
       s.key, s.category,
       CASE WHEN s.category > coalesce((SELECT $3::integer FROM :schema.registrations r WHERE r.token = $4), 0)
            THEN (SELECT c.name FROM :schema.categories c WHERE c.id = s.category AND NOT c.is_alias) END AS category_name
FROM :schema.events e
LEFT JOIN :schema.streams s ON s.id = e.stream
WHERE e.event_id = $1
ORDER BY e.position

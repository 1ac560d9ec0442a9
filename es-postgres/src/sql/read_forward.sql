-- Rows include the names of event types that come after the last one known to the caller; all rows do if the
-- caller's name ids belong to another history.
SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > coalesce((SELECT $5::integer FROM :schema.registrations r WHERE r.token = $6), 0)
            THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END AS note
FROM :schema.events e
WHERE e.stream = (SELECT s.id FROM :schema.streams s
                  WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key = $2)
  AND e.revision BETWEEN $3 AND $4
ORDER BY e.revision

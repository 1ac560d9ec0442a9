SELECT e.event_id, e.position, e.recorded_at
FROM :schema.events e
WHERE e.stream = (SELECT s.id FROM :schema.streams s
                  WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key = $2)
  AND e.revision BETWEEN $3 AND $4
ORDER BY e.revision

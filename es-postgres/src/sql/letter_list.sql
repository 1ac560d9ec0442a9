-- Includes dead letters whose events are missing, without a name.
SELECT c.name AS category, s.key, d.revision, d.position, coalesce(t.name, '') AS event, e.event_id, d.attempts, d.reason, d.parked_at
FROM :schema.dead_letters d
JOIN :schema.streams s ON s.id = d.stream
JOIN :schema.categories c ON c.id = s.category AND NOT c.is_alias
LEFT JOIN :schema.events e ON e.stream = d.stream AND e.revision = d.revision
LEFT JOIN :schema.event_types t ON t.id = e.type
WHERE d.projection = $1 AND d.build = $2 AND d.position > $3
ORDER BY d.position
LIMIT $4

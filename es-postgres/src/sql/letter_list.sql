SELECT c.name, s.key, d.revision, d.position, t.name AS event, d.attempts, d.reason, d.parked_at
FROM :schema.dead_letters d
JOIN :schema.events e ON e.stream = d.stream AND e.revision = d.revision
JOIN :schema.event_types t ON t.id = e.type
JOIN :schema.streams s ON s.id = d.stream
JOIN :schema.categories c ON c.id = s.category AND NOT c.is_alias
WHERE d.projection = $1 AND d.rev = $2
ORDER BY d.position

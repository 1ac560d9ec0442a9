-- The streams that have dead letters, whose later events are parked as well.
SELECT DISTINCT c.name AS category, s.key
FROM :schema.dead_letters d
JOIN :schema.streams s ON s.id = d.stream
JOIN :schema.categories c ON c.id = s.category AND NOT c.is_alias
WHERE d.projection = $1 AND d.build = $2

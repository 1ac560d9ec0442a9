-- In the order of the primary key, after command $3 of the stream $1, $2, or from the first one.
SELECT c.name AS category, s.key, o.command_id, o.first_revision AS first, o.event_count AS count, false AS rejected,
    o.body_hash, o.recorded_at, o.name
FROM :schema.commands o
JOIN :schema.streams s ON s.id = o.stream
JOIN :schema.categories c ON c.id = s.category AND NOT c.is_alias
WHERE $3::uuid IS NULL OR (o.stream, o.command_id) > (
    (SELECT a.id FROM :schema.streams a
     WHERE a.category = (SELECT n.id FROM :schema.categories n WHERE n.name = $1) AND a.key = $2), $3)
ORDER BY o.stream, o.command_id
LIMIT $4

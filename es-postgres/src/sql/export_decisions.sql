-- In the order of the primary key, after command $3 of the stream $1, $2, or from the first one.
SELECT c.name AS category, d.key, d.command_id, d.revision AS first, 0::bigint AS count, d.rejected, d.body_hash,
    d.recorded_at, d.name
FROM :schema.decisions d
JOIN :schema.categories c ON c.id = d.category AND NOT c.is_alias
WHERE $3::uuid IS NULL OR (d.command_id, d.category, d.key) > (
    $3, (SELECT n.id FROM :schema.categories n WHERE n.name = $1), $2)
ORDER BY d.command_id, d.category, d.key
LIMIT $4

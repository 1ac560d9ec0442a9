SELECT o.first, o.count, o.rejected, o.body_hash, n.name
FROM commands AS o
LEFT JOIN command_names AS n ON n.id = o.name
WHERE o.stream = ?1 AND o.id = ?2

-- In the order of their ids, after the stream $1, $2, or from the first one.
SELECT c.name AS category, s.key
FROM :schema.streams s
JOIN :schema.categories c ON c.id = s.category AND NOT c.is_alias
WHERE s.closed_at IS NOT NULL AND s.id > coalesce((
    SELECT a.id FROM :schema.streams a
    WHERE a.category = (SELECT n.id FROM :schema.categories n WHERE n.name = $1) AND a.key = $2), 0)
ORDER BY s.id
LIMIT $3

SELECT s.key, s.revision, s.closed_at IS NOT NULL
FROM :schema.streams s
WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key > $2
ORDER BY s.key
LIMIT $3

-- The dead letters of one stream.
SELECT count(*)
FROM :schema.dead_letters d
WHERE d.projection = $1 AND d.build = $2
  AND d.stream = (SELECT s.id FROM :schema.streams s
                  WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $3) AND s.key = $4)

-- The dead letters of one stream of another store.
SELECT count(*)
FROM :schema.dead_letters d
WHERE d.projection = $1 AND d.build = $2 AND d.stream IS NULL AND d.category = $3 AND d.key = $4

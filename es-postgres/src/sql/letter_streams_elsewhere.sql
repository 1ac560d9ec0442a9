-- The streams of another store that have dead letters: their later events have to wait behind those.
SELECT DISTINCT d.category, d.key
FROM :schema.dead_letters d
WHERE d.projection = $1 AND d.build = $2 AND d.stream IS NULL

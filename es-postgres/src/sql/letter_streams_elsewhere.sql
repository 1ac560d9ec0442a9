-- The streams of another store that have dead letters, whose later events are parked as well.
SELECT DISTINCT d.category, d.key
FROM :schema.dead_letters d
WHERE d.projection = $1 AND d.build = $2 AND d.stream IS NULL

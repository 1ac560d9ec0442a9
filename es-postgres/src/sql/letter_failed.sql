UPDATE :schema.dead_letters d SET attempts = d.attempts + 1, reason = $4
WHERE d.projection = $1 AND d.build = $2 AND d.position = $3

DELETE FROM :schema.dead_letters d WHERE d.projection = $1 AND d.build = $2 AND d.position = $3

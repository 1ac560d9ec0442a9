-- Why part $3, at the position $4, does not go on.
UPDATE :schema.checkpoints c SET error = $5, failed_at = clock_timestamp(), owner = $6
WHERE c.projection = $1 AND c.rev = $2 AND c.part = $3 AND c.position = $4

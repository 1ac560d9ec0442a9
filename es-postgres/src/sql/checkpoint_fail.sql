-- Stores why partition $3, at position $4, does not advance.
UPDATE :schema.checkpoints c SET error = $5, failed_at = clock_timestamp(), owner = $6
WHERE c.projection = $1 AND c.build = $2 AND c.partition = $3 AND c.position = $4

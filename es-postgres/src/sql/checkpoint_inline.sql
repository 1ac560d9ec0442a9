-- Makes the projection inline: it has no partitions.
UPDATE :schema.checkpoints c SET partitions = 0, owner = NULL WHERE c.projection = $1 AND c.build = $2

-- From now on the projection runs in the transactions of appends: no partitions.
UPDATE :schema.checkpoints c SET partitions = 0, owner = NULL WHERE c.projection = $1 AND c.build = $2

DELETE FROM :schema.checkpoints c WHERE c.projection = $1 AND c.build = $2

DELETE FROM :schema.checkpoints c WHERE c.projection = $1 AND c.rev = $2

-- From now on the projection runs in the transactions of appends: no parts.
UPDATE :schema.checkpoints c SET parts = 0, owner = NULL WHERE c.projection = $1 AND c.rev = $2

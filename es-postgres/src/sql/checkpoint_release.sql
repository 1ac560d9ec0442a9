-- Ends the lease of partition $3 at once, if its epoch is still $4.
UPDATE :schema.checkpoints c SET leased_until = NULL
WHERE c.projection = $1 AND c.build = $2 AND c.partition = $3 AND c.epoch = $4

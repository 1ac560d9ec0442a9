-- Deletes everything that is stored about build $2, except its schema.
WITH letters AS (DELETE FROM :schema.dead_letters d WHERE d.projection = $1 AND d.build = $2)
DELETE FROM :schema.checkpoints c WHERE c.projection = $1 AND c.build = $2

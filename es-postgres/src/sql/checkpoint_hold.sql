-- The fence of a batch: locks the checkpoint of partition $3 of $4 until the end of the transaction, if it is
-- at event $10 at position $5. The batch goes from there to event $7 at $6; $7 is null if the events are
-- stored elsewhere. Returns no row if another worker has moved the checkpoint, if the events of the batch
-- belong to a different history than these tables, or if the worker has a lease, of epoch $11, and another
-- one has claimed the partition since: then this worker writes nothing. Also returns whether there are dead
-- letters. `end_batch` moves the checkpoint.
UPDATE :schema.checkpoints c SET owner = $8, per_second = $9, error = NULL, failed_at = NULL
WHERE c.projection = $1 AND c.build = $2 AND c.partition = $3 AND c.partitions = $4 AND c.position = $5
  AND c.event_id IS NOT DISTINCT FROM $10 AND ($11::bigint IS NULL OR c.epoch = $11)
  AND ($7::uuid IS NULL OR EXISTS (SELECT FROM :schema.events e WHERE e.position = $6 AND e.event_id = $7))
RETURNING EXISTS (SELECT FROM :schema.dead_letters d WHERE d.projection = $1 AND d.build = $2) AS letters

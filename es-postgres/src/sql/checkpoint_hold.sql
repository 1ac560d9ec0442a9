-- The fence of a batch: holds the checkpoint of partition $3 of $4 to the end of the transaction, if it
-- stands on the event $10 at the position $5, from where the batch goes to the event $7 at $6; $7 is null
-- where the events are elsewhere. No row comes back where another worker was faster, or where the events of
-- the batch are of another history than these tables: this worker writes nothing then; and where the worker
-- has a lease, which is of the epoch $11, another one has claimed the partition since. Also says whether
-- there are dead letters. `end_batch` moves the checkpoint.
UPDATE :schema.checkpoints c SET owner = $8, per_second = $9, error = NULL, failed_at = NULL
WHERE c.projection = $1 AND c.build = $2 AND c.partition = $3 AND c.partitions = $4 AND c.position = $5
  AND c.event_id IS NOT DISTINCT FROM $10 AND ($11::bigint IS NULL OR c.epoch = $11)
  AND ($7::uuid IS NULL OR EXISTS (SELECT FROM :schema.events e WHERE e.position = $6 AND e.event_id = $7))
RETURNING EXISTS (SELECT FROM :schema.dead_letters d WHERE d.projection = $1 AND d.build = $2) AS letters

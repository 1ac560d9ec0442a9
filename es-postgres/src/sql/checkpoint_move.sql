-- The fence of a batch: moves the checkpoint of part $3 of $4 from the event $11 at the position $5 to the event $7 at $6, and holds
-- its row to the end of the transaction. No row comes back where another worker was faster, or where the events of the batch are of
-- another history than these tables: this worker writes nothing then. Also says whether there are dead letters.
UPDATE :schema.checkpoints c
SET position = $6, event_id = $7, owner = $8, projected = c.projected + $9, per_second = $10, error = NULL, failed_at = NULL,
    updated_at = clock_timestamp()
WHERE c.projection = $1 AND c.rev = $2 AND c.part = $3 AND c.parts = $4 AND c.position = $5
  AND c.event_id IS NOT DISTINCT FROM $11
  AND ($7::uuid IS NULL OR EXISTS (SELECT FROM :schema.events e WHERE e.position = $6 AND e.event_id = $7))
RETURNING EXISTS (SELECT FROM :schema.dead_letters d WHERE d.projection = $1 AND d.rev = $2) AS letters

-- The fence of a batch. Returns no row if another worker was faster. Also returns whether there are dead
-- letters.
UPDATE es_checkpoints
SET owner = ?5, per_second = ?6, error = NULL, failed_at = NULL
WHERE partition = ?1 AND partitions = ?2 AND position = ?3 AND event_id IS ?4
RETURNING EXISTS (SELECT 1 FROM es_dead_letters)

-- The same as checkpoint_hold.sql for a worker with a lease, of epoch ?7: no other worker has claimed the
-- partition since.
UPDATE es_checkpoints
SET owner = ?5, per_second = ?6, error = NULL, failed_at = NULL
WHERE partition = ?1 AND partitions = ?2 AND position = ?3 AND event_id IS ?4
    AND EXISTS (SELECT 1 FROM es_leases AS l WHERE l.partition = ?1 AND l.epoch = ?7)
RETURNING EXISTS (SELECT 1 FROM es_dead_letters)

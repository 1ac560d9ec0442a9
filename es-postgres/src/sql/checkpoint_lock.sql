-- Locks the checkpoints of all partitions.
SELECT c.partitions, c.position, c.event_id, c.projected, c.epoch, c.elsewhere, c.first_event_id
FROM :schema.checkpoints c WHERE c.projection = $1 AND c.build = $2
ORDER BY c.partition FOR UPDATE

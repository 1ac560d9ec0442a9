-- The checkpoint of partition $3, and the build that readers see.
SELECT c.partitions, c.position, c.event_id, (SELECT p.live FROM :schema.projections p WHERE p.name = c.projection) AS live
FROM :schema.checkpoints c WHERE c.projection = $1 AND c.build = $2 AND c.partition = $3

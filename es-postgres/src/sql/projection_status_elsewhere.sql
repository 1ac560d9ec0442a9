-- The checkpoint of each partition. The end of the other store, and the lag, are not known here.
SELECT c.partition, c.partitions, c.position, c.owner, c.updated_at, c.projected, c.per_second, c.error, c.failed_at, p.live, 0::bigint AS head,
       0::double precision AS seconds,
       (SELECT count(*) FROM :schema.dead_letters d WHERE d.projection = $1 AND d.build = $2) AS letters
FROM :schema.checkpoints c
JOIN :schema.projections p ON p.name = c.projection
WHERE c.projection = $1 AND c.build = $2
ORDER BY c.partition

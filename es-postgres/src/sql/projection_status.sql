-- The checkpoint of each partition, and the age of the first event after it.
SELECT c.partition, c.partitions, c.position, c.owner, c.updated_at, c.projected, c.per_second, c.error, c.failed_at, p.live, h.position AS head,
       coalesce(extract(epoch FROM clock_timestamp() - (SELECT e.recorded_at FROM :schema.events e WHERE e.position > c.position
                                                        ORDER BY e.position LIMIT 1)), 0)::double precision AS seconds,
       (SELECT count(*) FROM :schema.dead_letters d WHERE d.projection = $1 AND d.build = $2) AS letters
FROM :schema.checkpoints c
JOIN :schema.projections p ON p.name = c.projection
CROSS JOIN (SELECT coalesce(max(e.position), 0) AS position FROM :schema.events e) AS h
WHERE c.projection = $1 AND c.build = $2
ORDER BY c.partition

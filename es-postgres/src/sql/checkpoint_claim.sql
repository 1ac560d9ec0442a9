-- Claims partition $3 of $4 for worker $5 for $6 seconds, or renews its lease of epoch $7. `epoch` is null if
-- another worker holds the partition, for `rest` more seconds. Returns no row if there is no such partition.
WITH claimed AS (
    UPDATE :schema.checkpoints c
    SET epoch = CASE WHEN c.epoch = $7 THEN c.epoch ELSE c.epoch + 1 END, owner = $5,
        leased_until = clock_timestamp() + $6 * interval '1 second'
    WHERE c.projection = $1 AND c.build = $2 AND c.partition = $3 AND c.partitions = $4
      AND (c.epoch = $7 OR c.leased_until IS NULL OR c.leased_until <= clock_timestamp())
    RETURNING c.epoch
)
SELECT (SELECT l.epoch FROM claimed l) AS epoch,
       greatest(coalesce(extract(epoch FROM c.leased_until - clock_timestamp()), 0), 0)::double precision AS rest
FROM :schema.checkpoints c
WHERE c.projection = $1 AND c.build = $2 AND c.partition = $3 AND c.partitions = $4

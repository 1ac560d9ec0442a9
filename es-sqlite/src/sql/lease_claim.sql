-- Claims partition ?1 of ?2 for ?3 microseconds, or renews the lease of epoch ?4. Returns no row if another
-- worker has the lease, or if there is no such partition.
INSERT INTO es_leases (partition, epoch, leased_until)
SELECT c.partition, 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ?3
FROM es_checkpoints AS c
WHERE c.partition = ?1 AND c.partitions = ?2
ON CONFLICT (partition) DO UPDATE
SET epoch = CASE WHEN epoch IS ?4 THEN epoch ELSE epoch + 1 END, leased_until = excluded.leased_until
WHERE epoch IS ?4
    OR leased_until IS NULL
    OR leased_until <= CAST(unixepoch('subsec') * 1000000 AS INTEGER)
RETURNING epoch

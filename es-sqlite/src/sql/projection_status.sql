SELECT
    partition, partitions, position, projected, per_second, owner, updated_at, error, failed_at,
    (SELECT count(*) FROM es_dead_letters)
FROM es_checkpoints
ORDER BY partition

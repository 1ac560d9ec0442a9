-- Divides the projection into $3 partitions, all at position $4, whose next lease has an epoch after $7; 0
-- partitions are one row: the projection is inline. If $8 is true its events are stored elsewhere, and the
-- first one is $9.
INSERT INTO :schema.checkpoints (projection, build, partition, partitions, position, event_id, projected, epoch, elsewhere, first_event_id)
SELECT $1, $2, partition, $3, $4, $5, CASE partition WHEN 0 THEN $6 ELSE 0 END, $7, $8, $9
FROM generate_series(0, greatest($3 - 1, 0)) AS partition

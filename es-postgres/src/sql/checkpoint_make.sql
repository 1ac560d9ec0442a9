-- Divides the projection into $3 partitions that all stand at the position $4, with no lease of an epoch
-- after $7; 0 partitions are one row: it is inline. With $8 its events are elsewhere, and the first one is
-- $9.
INSERT INTO :schema.checkpoints (projection, build, partition, partitions, position, event_id, projected, epoch, elsewhere, first_event_id)
SELECT $1, $2, partition, $3, $4, $5, CASE partition WHEN 0 THEN $6 ELSE 0 END, $7, $8, $9
FROM generate_series(0, greatest($3 - 1, 0)) AS partition

-- Divides the projection into $3 parts that all stand at the position $4; 0 parts are one row: it is inline.
INSERT INTO :schema.checkpoints (projection, rev, part, parts, position, event_id, projected)
SELECT $1, $2, part, $3, $4, $5, CASE part WHEN 0 THEN $6 ELSE 0 END FROM generate_series(0, greatest($3 - 1, 0)) AS part

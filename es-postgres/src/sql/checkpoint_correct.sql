-- A batch that went less far than it began to: back to the position $4, and $6 events fewer.
UPDATE :schema.checkpoints c SET position = $4, event_id = $5, projected = c.projected - $6
WHERE c.projection = $1 AND c.rev = $2 AND c.part = $3

-- Holds all parts still.
SELECT c.parts, c.position, c.event_id, c.projected, c.epoch, c.elsewhere, c.first_event_id
FROM :schema.checkpoints c WHERE c.projection = $1 AND c.rev = $2
ORDER BY c.part FOR UPDATE

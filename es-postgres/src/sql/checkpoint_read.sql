SELECT c.parts, c.position, c.event_id FROM :schema.checkpoints c WHERE c.projection = $1 AND c.rev = $2 AND c.part = $3

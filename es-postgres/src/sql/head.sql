SELECT e.position, e.event_id FROM :schema.events e WHERE e.position <= $1 ORDER BY e.position DESC LIMIT 1

-- Whether an event is stored at a position.
SELECT EXISTS (SELECT FROM :schema.events e WHERE e.position = $1 AND e.event_id = $2) AS has

SELECT d.category, d.key, d.revision, d.position, d.event, d.event_id, d.attempts, d.reason, d.parked_at
FROM :schema.dead_letters d
WHERE d.projection = $1 AND d.build = $2 AND d.position > $3 AND d.stream IS NULL
ORDER BY d.position
LIMIT $4

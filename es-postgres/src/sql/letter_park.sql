INSERT INTO :schema.dead_letters (projection, build, stream, revision, position, attempts, reason)
SELECT $1, $2, e.stream, e.revision, e.position, $4, $5 FROM :schema.events e WHERE e.position = $3

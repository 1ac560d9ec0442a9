-- Parks event $8 with id $9 of another store: revision $7 of the stream with category $5 and key $6.
INSERT INTO :schema.dead_letters (projection, build, position, attempts, category, key, revision, event, event_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

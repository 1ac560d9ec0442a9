SELECT outcome, revision, event_count, body_hash FROM :schema.remember($1, $2, $3, $4, $5, $6, $7, $8)

-- Refused with ES010 where the caller's names are of another history: see `registrations`.
SELECT :schema.append_many($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)

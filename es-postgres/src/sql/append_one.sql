-- Fails with ES010 if the caller's name ids belong to another history: see `registrations`. The address
-- of the registration is sent as text, as the driver would look up a type that it does not know.
SELECT :schema.append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::text::tid)

-- Fails with ES010 if the caller's name ids belong to another history, or if its registration is at another
-- address. The address is sent as text, as the driver would look up a type that it does not know.
SELECT :schema.append_next($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::tid)

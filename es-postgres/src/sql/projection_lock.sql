-- Set-up, publishing and dropping of a projection exclude each other here.
SELECT p.live FROM :schema.projections p WHERE p.name = $1 FOR UPDATE

-- Setting up, publishing and dropping a projection wait for each other here.
SELECT p.live FROM :schema.projections p WHERE p.name = $1 FOR UPDATE

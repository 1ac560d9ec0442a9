-- The number of partitions of the projection (0: it is inline), whether the schema $3 of its tables exists,
-- and the schema $4 of the views, if readers see this build; where its events are stored. Returns no row if
-- it was never set up.
SELECT c.partitions,
       EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = $3) AS tables,
       p.live IS DISTINCT FROM c.build OR EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = $4) AS views,
       c.elsewhere, c.first_event_id
FROM :schema.checkpoints c
LEFT JOIN :schema.projections p ON p.name = c.projection
WHERE c.projection = $1 AND c.build = $2
LIMIT 1

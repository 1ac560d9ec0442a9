-- The revision $2 becomes the one that readers see: its schema $3 stands behind the views in schema $4.
WITH live AS (UPDATE :schema.projections p SET live = $2 WHERE p.name = $1)
SELECT :schema.publish_tables($3::text::name, $4::text::name)

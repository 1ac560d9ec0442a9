-- Build $2 becomes the one that readers see: the views in schema $4 select from its schema $3.
WITH live AS (UPDATE :schema.projections p SET live = $2 WHERE p.name = $1)
SELECT :schema.publish_tables($3::text::name, $4::text::name)

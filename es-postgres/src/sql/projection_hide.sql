-- Readers see the revision $2 no more.
UPDATE :schema.projections p SET live = NULL WHERE p.name = $1 AND p.live = $2

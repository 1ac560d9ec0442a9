-- Readers no longer see build $2.
UPDATE :schema.projections p SET live = NULL WHERE p.name = $1 AND p.live = $2

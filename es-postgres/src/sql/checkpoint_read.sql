-- Where the part $3 stands, and which revision readers see.
SELECT c.parts, c.position, c.event_id, (SELECT p.live FROM :schema.projections p WHERE p.name = c.projection) AS live
FROM :schema.checkpoints c WHERE c.projection = $1 AND c.rev = $2 AND c.part = $3

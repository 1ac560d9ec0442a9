-- How far each read model has come that readers see.
SELECT c.projection, min(c.position)
FROM es.checkpoints c
JOIN es.projections p ON p.name = c.projection AND p.live = c.build
GROUP BY c.projection

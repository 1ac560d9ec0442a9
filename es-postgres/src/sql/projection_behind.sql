-- The lowest positions of build $2 and of the live build.
SELECT (SELECT min(c.position) FROM :schema.checkpoints c WHERE c.projection = $1 AND c.build = $2) AS own,
       (SELECT min(c.position) FROM :schema.checkpoints c JOIN :schema.projections p ON p.name = c.projection AND p.live = c.build
        WHERE c.projection = $1) AS live

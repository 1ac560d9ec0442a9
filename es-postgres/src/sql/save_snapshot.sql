-- Not saved if the stream has a different event at the revision of the last folded one: it was rewound by a
-- failover or a restore.
SELECT :schema.save_snapshot($1, $2, $3, $4, $5)
WHERE $6::uuid IS NULL OR EXISTS (
    SELECT FROM :schema.events e
    WHERE e.stream = (SELECT s.id FROM :schema.streams s
                      WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key = $2)
      AND e.revision = $4 AND e.event_id = $6)

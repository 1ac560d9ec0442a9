-- As `read_all`, filtered by the categories $4 and the event names $5, either of which may be null. A page
-- looks at $6 positions from the next event on, wanted or not, so that a rare event does not make the
-- statement run without limit. The first row also has the last event that was looked at (position and
-- event_id), and the position at which the search ended for that reason (revision). An event whose type or
-- stream is missing is never skipped: it may be wanted, so the reader reports it as damaged.
WITH reach AS MATERIALIZED (
    SELECT (SELECT e.event_id FROM :schema.events e WHERE e.position = $1) AS passed,
           (SELECT e.position + least($6 - 1, 9223372036854775807 - e.position)
            FROM :schema.events e WHERE e.position > $1 ORDER BY e.position LIMIT 1) AS through
), header AS MATERIALIZED (
    SELECT reach.passed, last.position, last.event_id, reach.through
    FROM reach
    LEFT JOIN LATERAL (
        SELECT e.position, e.event_id FROM :schema.events e
        WHERE e.position > $1 AND e.position <= least($2, reach.through)
        ORDER BY e.position DESC LIMIT 1) AS last ON true
)
SELECT header.through AS revision, header.position, NULL::integer AS type, header.event_id,
       pg_postmaster_start_time() AS recorded_at, NULL::timestamptz AS occurred_at, header.passed AS correlation_id,
       NULL::uuid AS causation_id, to_json(pg_relation_filepath(':schema.events'::regclass)) AS payload, NULL::json AS metadata,
       NULL::bigint AS stream,
       (SELECT 'known' FROM :schema.registrations r WHERE r.token = $7) AS made
FROM header
UNION ALL
(SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata, e.stream,
       CASE WHEN e.revision = 1 THEN (SELECT s.category || ' ' || s.key FROM :schema.streams s WHERE s.id = e.stream) END
FROM :schema.events e
WHERE e.position > $1 AND e.position <= (SELECT least($2, header.through) FROM header)
  AND ($5::text[] IS NULL
       OR e.type = ANY (ARRAY(SELECT t.id FROM :schema.event_types t WHERE t.name = ANY ($5)))
       OR e.type > (SELECT max(t.id) FROM :schema.event_types t))
  AND ($4::text[] IS NULL
       OR coalesce((SELECT s.category FROM :schema.streams s WHERE s.id = e.stream)
                   = ANY (ARRAY(SELECT c.id FROM :schema.categories c WHERE c.name = ANY ($4))), true))
ORDER BY e.position
LIMIT $3)

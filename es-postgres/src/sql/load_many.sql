-- As "load", of several streams, each from its newest snapshot of this fingerprint: the heads, then the
-- events. The number of the stream in the list, from 1 on, is the first of "numbers". A stream that is not
-- there has no row. The subqueries with a limit or an order are never joined as whole tables: each stream is
-- found, and read, by the index.
WITH head AS MATERIALIZED (
    SELECT wanted.number, s.id, s.revision, s.head_event_id, s.closed_at, snapshot.revision AS snapshot_revision,
           snapshot.state
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (category, key, number)
    CROSS JOIN LATERAL (
        SELECT *
        FROM :schema.streams s
        WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = wanted.category)
          AND s.key = wanted.key
        LIMIT 1
    ) s
    LEFT JOIN LATERAL (
        SELECT snapshot.revision, snapshot.state
        FROM :schema.snapshots snapshot
        WHERE snapshot.stream = s.id AND snapshot.fingerprint = $3
        LIMIT 1
    ) snapshot ON true
)
SELECT 0::bigint AS revision, head.revision AS position, (head.closed_at IS NOT NULL)::integer AS type,
       head.head_event_id AS event_id, NULL::timestamptz AS recorded_at, NULL::timestamptz AS occurred_at,
       NULL::uuid AS correlation_id, NULL::uuid AS causation_id, head.state AS payload, NULL::json AS metadata,
       NULL::text AS note, ARRAY[head.number, head.snapshot_revision] AS numbers
FROM head
UNION ALL
SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > coalesce((SELECT $4::integer FROM :schema.registrations r WHERE r.token = $5), 0)
            THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END,
       ARRAY[head.number]
FROM head
CROSS JOIN LATERAL (
    SELECT *
    FROM :schema.events e
    WHERE e.stream = head.id AND e.revision > coalesce(head.snapshot_revision, 0)
    ORDER BY e.revision
) e

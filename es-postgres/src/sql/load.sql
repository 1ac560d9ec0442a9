-- One statement, so that head, snapshot and events are of one snapshot of the database. The first row is the
-- stream's head (revision 0; its other columns are reused, and "payload" is the state of the snapshot);
-- without a stream there is no row. The branches of UNION ALL are read one after the other, so nothing is
-- sorted; the reader checks the order. "note" is the name of event types that come after the last one known
-- to the caller, and of all event types if the caller's name ids belong to another history.
WITH head AS MATERIALIZED (
    SELECT s.id, s.revision, s.head_event_id, s.closed_at, snapshot.revision AS snapshot_revision, snapshot.state
    FROM :schema.streams s
    LEFT JOIN :schema.snapshots snapshot ON snapshot.stream = s.id AND snapshot.fingerprint = $5
        AND snapshot.revision > $3 AND snapshot.revision <= $4
    WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key = $2
)
SELECT 0::bigint AS revision, head.revision AS position, (head.closed_at IS NOT NULL)::integer AS type,
       head.head_event_id AS event_id, NULL::timestamptz AS recorded_at, NULL::timestamptz AS occurred_at,
       NULL::uuid AS correlation_id, NULL::uuid AS causation_id, head.state AS payload, NULL::json AS metadata,
       NULL::text AS note, ARRAY[head.snapshot_revision] AS numbers
FROM head
UNION ALL
(SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > coalesce((SELECT $6::integer FROM :schema.registrations r WHERE r.token = $7), 0)
            THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END,
       NULL
FROM :schema.events e
WHERE e.stream = (SELECT head.id FROM head)
  AND e.revision > (SELECT coalesce(head.snapshot_revision, $3) FROM head) AND e.revision <= $4
ORDER BY e.revision)

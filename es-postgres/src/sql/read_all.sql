-- One page of all events after position $1 and up to $2, the high-water mark; $3 of them at most. The first
-- row is not an event: its correlation_id is the id of the event at $1, to be compared with the checkpoint;
-- recorded_at and payload identify the tables, and "made" is null unless the caller's name ids belong to this
-- history. The first event of a stream includes its category and key. The branches of UNION ALL are read one
-- after the other, so nothing is sorted; the reader checks the order.
SELECT NULL::bigint AS revision, NULL::bigint AS position, NULL::integer AS type, NULL::uuid AS event_id,
       pg_postmaster_start_time() AS recorded_at, NULL::timestamptz AS occurred_at,
       (SELECT e.event_id FROM :schema.events e WHERE e.position = $1) AS correlation_id, NULL::uuid AS causation_id,
       to_json(pg_relation_filepath(':schema.events'::regclass)) AS payload, NULL::json AS metadata, NULL::bigint AS stream,
       (SELECT 'known' FROM :schema.registrations r WHERE r.token = $4) AS made
UNION ALL
(SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata, e.stream,
       CASE WHEN e.revision = 1 THEN (SELECT s.category || ' ' || s.key FROM :schema.streams s WHERE s.id = e.stream) END
FROM :schema.events e
WHERE e.position > $1 AND e.position <= $2
ORDER BY e.position
LIMIT $3)

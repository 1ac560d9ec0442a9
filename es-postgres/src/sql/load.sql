-- One statement, so that head, ledger, snapshot and events are of one moment. The first row is the stream's
-- head (revision 0; its other columns are reused, the state of the snapshot stands in "payload", the name of
-- the command in "note"); no row, no stream. A decision that the command wrote nothing is a row of its own
-- (type 2, or 3 for a rejection): it needs no stream. The parts of a UNION ALL are read one after the other,
-- so nothing is sorted; the reader checks the order. Event types beyond the last one that the caller knows
-- bring their names along in "note"; so do all, where what it knows is of another history.
--
-- An outcome of a command is an acknowledgement: where appends wait for a synchronous standby, this waits too
-- until what the command wrote is there, by a record of its own. After a crash it may not be.
WITH head AS MATERIALIZED (
    SELECT s.id, s.revision, s.head_event_id, s.closed_at,
           snapshot.revision AS snapshot_revision, snapshot.state,
           command.first_revision, command.event_count, command.body_hash,
           CASE WHEN command.name IS NULL OR current_setting('synchronous_standby_names') = '' OR pg_is_in_recovery()
                     OR pg_logical_emit_message(true, 'es', ''::text) IS NOT NULL
                THEN command.name END AS command_name
    FROM :schema.streams s
    LEFT JOIN :schema.snapshots snapshot ON snapshot.stream = s.id AND snapshot.fingerprint = $5
        AND snapshot.revision > $3 AND snapshot.revision <= $4
    LEFT JOIN :schema.commands command ON command.stream = s.id AND command.command_id = $6
    WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key = $2
)
SELECT 0::bigint AS revision, head.revision AS position, (head.closed_at IS NOT NULL)::integer AS type,
       head.head_event_id AS event_id, NULL::timestamptz AS recorded_at, NULL::timestamptz AS occurred_at,
       NULL::uuid AS correlation_id, NULL::uuid AS causation_id, head.state AS payload, NULL::json AS metadata,
       head.command_name AS note,
       ARRAY[head.snapshot_revision, head.first_revision, head.event_count, head.body_hash] AS numbers
FROM head
UNION ALL
SELECT 0, 0, CASE WHEN d.rejected THEN 3 ELSE 2 END, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       CASE WHEN current_setting('synchronous_standby_names') = '' OR pg_is_in_recovery()
                 OR pg_logical_emit_message(true, 'es', ''::text) IS NOT NULL
            THEN d.name END,
       ARRAY[NULL, d.revision, 0, d.body_hash]
FROM :schema.decisions d
WHERE d.command_id = $6 AND d.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND d.key = $2
UNION ALL
(SELECT e.revision, e.position, e.type, e.event_id, e.recorded_at, e.occurred_at, e.correlation_id, e.causation_id,
       e.payload, e.metadata,
       CASE WHEN e.type > (SELECT coalesce(max($7::integer), 0) FROM :schema.registrations r WHERE r.token = $8)
            THEN (SELECT t.version || ' ' || t.name FROM :schema.event_types t WHERE t.id = e.type) END,
       NULL
FROM :schema.events e
WHERE e.stream = (SELECT head.id FROM head)
  AND e.revision > (SELECT coalesce(head.snapshot_revision, $3) FROM head) AND e.revision <= $4
ORDER BY e.revision)

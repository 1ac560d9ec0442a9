-- As "load", with the outcome of a command: from the events that it wrote, or from the decision to write
-- none; a stream has only one of them. The head has the command's name in "note". A decision needs no stream,
-- so without a stream there still is a head if the category is known (position NULL).
--
-- The outcome of a command is an acknowledgement: if appends wait for a synchronous standby, this waits too,
-- with a WAL record of its own, until what the command wrote is there. After a crash it may not be.
WITH head AS MATERIALIZED (
    SELECT s.id, s.revision, s.head_event_id, s.closed_at, snapshot.revision AS snapshot_revision, snapshot.state,
           coalesce(command.first_revision, decision.revision) AS first_revision,
           CASE WHEN decision.revision IS NULL THEN command.event_count ELSE 0 END AS event_count,
           coalesce(command.body_hash, decision.body_hash) AS body_hash, decision.rejected,
           CASE WHEN coalesce(command.name, decision.name) IS NULL
                     OR current_setting('synchronous_standby_names') = '' OR pg_is_in_recovery()
                     OR pg_logical_emit_message(true, 'es', ''::text) IS NOT NULL
                THEN coalesce(command.name, decision.name) END AS command_name
    FROM :schema.categories category
    LEFT JOIN :schema.streams s ON s.category = category.id AND s.key = $2
    LEFT JOIN :schema.snapshots snapshot ON snapshot.stream = s.id AND snapshot.fingerprint = $5
        AND snapshot.revision > $3 AND snapshot.revision <= $4
    LEFT JOIN :schema.commands command ON command.stream = s.id AND command.command_id = $8
    LEFT JOIN :schema.decisions decision
        ON decision.command_id = $8 AND decision.category = category.id AND decision.key = $2
    WHERE category.name = $1
)
SELECT 0::bigint AS revision, head.revision AS position, (head.closed_at IS NOT NULL)::integer AS type,
       head.head_event_id AS event_id, NULL::timestamptz AS recorded_at, NULL::timestamptz AS occurred_at,
       NULL::uuid AS correlation_id, NULL::uuid AS causation_id, head.state AS payload, NULL::json AS metadata,
       head.command_name AS note,
       ARRAY[head.snapshot_revision, head.first_revision, head.event_count, head.body_hash, head.rejected::integer]
           AS numbers
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

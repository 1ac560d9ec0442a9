-- What the guarantees of the store depend on. The sequence is read after the snapshot of max(position) was
-- taken, so it can only be ahead of it. Never use currval or pg_sequence_last_value: they take the lock by
-- which open appends are detected.
SELECT (SELECT max(m.id) FROM :schema.migrations m) AS migration,
       current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('default_transaction_isolation') AS isolation,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS in_recovery,
       current_setting('transaction_read_only')::boolean AS read_only,
       q.seqcache AS cache, q.seqincrement AS increment, q.seqcycle AS cycle,
       CASE WHEN p.is_called THEN p.last_value ELSE p.last_value - 1 END AS drawn,
       coalesce((SELECT max(e.position) FROM :schema.events e), 0) AS last_position,
       -- Null for a role that may not read it. This sequence is not used to detect open appends. The view
       -- pg_sequences returns the same, but takes a sixth of the whole statement's planning time.
       CASE WHEN has_sequence_privilege(':schema.streams_id_seq', 'SELECT')
            THEN coalesce(pg_sequence_last_value(':schema.streams_id_seq'::regclass), 0) END AS streams_drawn,
       coalesce((SELECT max(s.id) FROM :schema.streams s), 0) AS last_stream,
       (SELECT string_agg(format('ALTER TABLE %I.%I ENABLE%s TRIGGER %I', n.nspname, c.relname, w.always, t.tgname), '; ')
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN unnest('{append_only,never_truncated,never_deleted,never_renamed,never_changed,registered,refuse_decided}'::name[],
                    '{" ALWAYS"," ALWAYS"," ALWAYS"," ALWAYS"," ALWAYS","",""}'::text[]) AS w (name, always) ON w.name = t.tgname
        WHERE c.relnamespace = n.oid AND t.tgenabled <> 'A' AND (t.tgenabled <> 'O' OR w.always <> '')) AS weak_triggers,
       -- The numbers of the missing objects, among functions, unique indexes and triggers in three arrays.
       ARRAY(
           SELECT w.number
           FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (kind, on_table, name, number)
           WHERE NOT CASE w.kind
               WHEN 'function' THEN EXISTS (SELECT FROM pg_proc f WHERE f.proname = w.name AND f.pronamespace = n.oid)
               WHEN 'index' THEN EXISTS (
                   SELECT FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
                   WHERE c.relname = w.name AND c.relnamespace = n.oid AND i.indisunique AND i.indisvalid)
               ELSE EXISTS (
                   SELECT FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
                   WHERE c.relname = w.on_table AND c.relnamespace = n.oid AND t.tgname = w.name)
           END
           ORDER BY w.number
       ) AS missing,
       pg_backend_pid() AS pid,
       (SELECT a.backend_start FROM pg_stat_get_activity(pg_backend_pid()) a) AS backend_start
FROM :schema.positions p, pg_sequence q, pg_namespace n
WHERE q.seqrelid = ':schema.positions'::regclass AND n.oid = ':schema'::regnamespace

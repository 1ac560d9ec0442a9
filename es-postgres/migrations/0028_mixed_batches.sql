-- A batch that also holds appends to several streams, each of which is written to all of its streams or to
-- none. It is a function of its own, so that batches without them cost no more than before.
--
-- Streams with the same number in `p_groups` are one append; 0 is an append to one stream, as in
-- `append_batch`. In a group, a stream without events is a condition. As in `append_batch`, nothing waits for
-- a stream that is locked, and what cannot be decided here is 'apart', the whole group with it. A group whose
-- streams have moved on is told so at once, as by `append_all`. What happens seldom, and could not be undone
-- for one group alone, is an error of the call: the caller sends each append in a call of its own.

CREATE FUNCTION :schema.append_mixed(
    p_groups integer[], p_categories integer[], p_keys text[], p_expected bigint[], p_heads uuid[], p_through integer[],
    p_appends integer[], p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[],
    p_command_appends integer[], p_command_offsets integer[], p_command_counts integer[],
    p_commands uuid[], p_command_names text[], p_body_hashes bigint[], p_token uuid,
    OUT outcomes text[], OUT positions bigint[], OUT recorded_at timestamptz, OUT revisions bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_streams bigint[];
    v_places tid[];
    v_made bigint[];
    v_append integer;
    v_count bigint;
    v_last integer[];
    v_behind integer[] := '{}';
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcomes := array_fill(v_isolation, ARRAY[cardinality(p_keys)]);
        RETURN;
    END IF;

    -- Locks and decides, as in `append_batch`. A stream that is only read is locked so that others may read
    -- it as well, but nobody can move it.
    SELECT array_agg(d.stream), array_agg(d.place), array_agg(d.outcome), array_agg(d.revision),
        (SELECT ARRAY[r.last_type, r.last_category] FROM :schema.registrations r WHERE r.token = p_token)
    INTO v_streams, v_places, outcomes, revisions, v_last
    FROM (
        SELECT CASE WHEN l.id IS NOT NULL THEN l.id
                    WHEN h.id IS NOT NULL THEN h.id
                    WHEN w.count > 0 AND p_expected[w.ordinal] = 0 AND p_heads[w.ordinal] IS NULL THEN nextval(':schema.streams_id_seq') END AS stream,
               l.place,
               CASE WHEN octet_length(w.key) NOT BETWEEN 1 AND 255
                         OR coalesce(w.count < CASE WHEN p_groups[w.ordinal] > 0 THEN 0 ELSE 1 END, true) THEN 'refused'
                    WHEN w.count = 0 AND h.id IS NULL THEN 'apart'
                    WHEN w.count = 0 AND h.revision = p_expected[w.ordinal] AND h.head_event_id = coalesce(p_heads[w.ordinal], h.head_event_id) THEN 'held'
                    WHEN w.count = 0 THEN 'conflict'
                    WHEN l.id IS NULL AND p_expected[w.ordinal] = 0 AND p_heads[w.ordinal] IS NULL
                        THEN CASE WHEN w.key ~ E'[\u0001-\u001f\u007f-\u009f]' THEN 'refused' ELSE 'new' END
                    WHEN l.id IS NULL OR l.closed_at IS NOT NULL THEN 'apart'
                    WHEN l.revision = p_expected[w.ordinal] AND l.head_event_id = coalesce(p_heads[w.ordinal], l.head_event_id) THEN 'appended'
                    ELSE 'conflict' END AS outcome,
               coalesce(l.revision, h.revision) AS revision
        FROM (SELECT k.key, k.ordinal, p_through[k.ordinal] - coalesce(p_through[k.ordinal - 1], 0) AS count
              FROM unnest(p_keys) WITH ORDINALITY AS k (key, ordinal)) AS w
        LEFT JOIN LATERAL (
            SELECT s.id, s.ctid AS place, s.revision, s.head_event_id, s.closed_at FROM :schema.streams s
            WHERE s.category = p_categories[w.ordinal] AND s.key = w.key AND w.count > 0
            FOR NO KEY UPDATE SKIP LOCKED) AS l ON true
        LEFT JOIN LATERAL (
            SELECT s.id, s.revision, s.head_event_id FROM :schema.streams s
            WHERE s.category = p_categories[w.ordinal] AND s.key = w.key AND w.count = 0
            FOR SHARE SKIP LOCKED) AS h ON true
        ORDER BY w.ordinal) AS d;
    IF v_last IS NULL THEN
        outcomes := ARRAY['another history'];
        RETURN;
    END IF;
    -- Where any other array begins makes no difference: the same is read of it everywhere.
    IF 1 > ANY (p_categories) OR v_last[2] < ANY (p_categories) OR 1 > ANY (p_types) OR v_last[1] < ANY (p_types)
       OR '9999-12-31 23:59:59.999999+00' < ANY (p_occurred) OR '4714-11-24 00:00:00+00 BC' > ANY (p_occurred) OR array_lower(p_through, 1) <> 1 THEN
        RAISE EXCEPTION 'append_mixed takes categories and types that have these ids, and times that can be read'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF 'refused' = ANY (outcomes) OR p_through[cardinality(p_keys)] IS DISTINCT FROM cardinality(p_event_ids)
       OR cardinality(p_appends) <> cardinality(p_event_ids) OR cardinality(p_payloads) <> cardinality(p_event_ids) THEN
        RAISE EXCEPTION 'append_mixed takes one or more events for each stream outside of a group, and keys of 1 to 255 bytes without control characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF 'conflict' = ANY (outcomes) THEN
        v_behind := ARRAY(SELECT p_groups[o] FROM unnest(array_positions(outcomes, 'conflict')) AS o WHERE p_groups[o] > 0);
    END IF;
    -- A statement of its own, so that it sees the rows that came with the revisions that were locked.
    IF cardinality(p_commands) > 0 THEN
        FOR v_append IN
            SELECT DISTINCT k.append FROM unnest(p_command_appends, p_commands) AS k (append, command)
            WHERE (SELECT true FROM :schema.commands c WHERE c.stream = v_streams[k.append] AND c.command_id = k.command)
               OR (outcomes[k.append] = 'conflict' OR p_groups[k.append] = ANY (v_behind)) AND (
                   SELECT true FROM :schema.decisions d
                   WHERE d.command_id = k.command AND d.category = p_categories[k.append] AND d.key = p_keys[k.append])
        LOOP
            outcomes[v_append] := 'apart';
        END LOOP;
    END IF;
    IF 'apart' = ANY (outcomes) OR cardinality(v_behind) > 0 THEN
        outcomes := ARRAY(
            SELECT CASE WHEN g.apart THEN 'apart' WHEN g.behind AND g.outcome <> 'conflict' THEN 'not written' ELSE g.outcome END
            FROM (SELECT w.outcome, w.ordinal,
                         p_groups[w.ordinal] > 0 AND bool_or(w.outcome = 'apart') OVER (PARTITION BY p_groups[w.ordinal]) AS apart,
                         p_groups[w.ordinal] > 0 AND bool_or(w.outcome = 'conflict') OVER (PARTITION BY p_groups[w.ordinal]) AS behind
                  FROM unnest(outcomes) WITH ORDINALITY AS w (outcome, ordinal)) AS g
            ORDER BY g.ordinal);
    END IF;
    -- Two groups, each of which reads what the other one writes, must not both be written.
    IF 'held' = ANY (outcomes) AND ARRAY(SELECT v_streams[o] FROM unnest(array_positions(outcomes, 'held')) AS o)
       && ARRAY(SELECT v_streams[o] FROM unnest(array_positions(outcomes, 'appended')) AS o) THEN
        RAISE EXCEPTION 'append_mixed takes a stream to be read or to be written, not both' USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF 'new' = ANY (outcomes) THEN
        WITH made AS (
            INSERT INTO :schema.streams AS s (id, category, key, revision, head_event_id) OVERRIDING SYSTEM VALUE
            SELECT v_streams[o], p_categories[o], p_keys[o], p_through[o] - coalesce(p_through[o - 1], 0), p_event_ids[p_through[o]]
            FROM unnest(array_positions(outcomes, 'new')) AS o
            ORDER BY p_categories[o], p_keys[o]
            ON CONFLICT (category, key) DO NOTHING
            RETURNING s.id)
        SELECT array_agg(made.id) INTO v_made FROM made;
        IF cardinality(v_made) IS DISTINCT FROM cardinality(array_positions(outcomes, 'new')) THEN
            -- Other streams of its group may have been created.
            IF EXISTS (SELECT FROM unnest(array_positions(outcomes, 'new')) AS o
                       WHERE p_groups[o] > 0 AND (v_streams[o] = ANY (v_made)) IS NOT TRUE) THEN
                RAISE EXCEPTION 'another append was faster with a new stream' USING ERRCODE = 'ES002';
            END IF;
            outcomes := ARRAY(
                SELECT CASE WHEN w.outcome = 'new' AND NOT coalesce(w.stream = ANY (v_made), false) THEN 'apart' ELSE w.outcome END
                FROM unnest(v_streams, outcomes) WITH ORDINALITY AS w (stream, outcome, ordinal) ORDER BY w.ordinal);
        END IF;
    END IF;

    IF 'appended' = ANY (outcomes) THEN
        UPDATE :schema.streams s SET revision = s.revision + p_through[o] - coalesce(p_through[o - 1], 0), head_event_id = p_event_ids[p_through[o]]
        FROM unnest(array_positions(outcomes, 'appended')) AS o
        WHERE s.ctid = v_places[o] AND s.id = v_streams[o];
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count <> cardinality(array_positions(outcomes, 'appended')) THEN
            RAISE EXCEPTION 'append_mixed found % rows of streams where it had locked more', v_count;
        END IF;
    END IF;
    recorded_at := clock_timestamp();
    WITH written AS (
        INSERT INTO :schema.events AS e (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id, causation_id,
            type, payload, metadata)
        -- An event that stands among those of another append gets no revision, and is refused.
        SELECT nextval(':schema.positions'), v_streams[p_appends[n.ordinal]],
            CASE WHEN n.ordinal <= p_through[p_appends[n.ordinal]] AND n.ordinal > coalesce(p_through[p_appends[n.ordinal] - 1], 0)
                 THEN p_expected[p_appends[n.ordinal]] + n.ordinal - coalesce(p_through[p_appends[n.ordinal] - 1], 0) END,
            recorded_at, p_occurred[n.ordinal], p_event_ids[n.ordinal], p_correlations[n.ordinal], p_causations[n.ordinal],
            p_types[n.ordinal], n.payload, n.metadata
        FROM unnest(p_payloads, p_metadata) WITH ORDINALITY AS n (payload, metadata, ordinal)
        WHERE (outcomes[p_appends[n.ordinal]] IN ('conflict', 'apart', 'not written') AND n.ordinal <= p_through[p_appends[n.ordinal]]
               AND n.ordinal > coalesce(p_through[p_appends[n.ordinal] - 1], 0)) IS NOT TRUE
        ORDER BY n.ordinal
        RETURNING e.position)
    SELECT array_agg(w.position) INTO positions FROM written w;

    IF cardinality(p_commands) > 0 THEN
        INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        -- Events of another append are no outcome of the command, which gets no revision then, and is
        -- refused.
        SELECT v_streams[k.append], k.command,
            CASE WHEN k.before >= 0 AND k.count > 0
                      AND k.before + k.count <= p_through[k.append] - coalesce(p_through[k.append - 1], 0)
                 THEN p_expected[k.append] + k.before + 1 END,
            k.count, k.body_hash, recorded_at, k.name
        FROM unnest(p_command_appends, p_command_offsets, p_command_counts, p_commands, p_command_names, p_body_hashes)
            AS k (append, before, count, command, name, body_hash)
        WHERE outcomes[k.append] IN ('appended', 'new');

        IF 'held' = ANY (outcomes) THEN
            -- In the order of `append_all`. A decision that is there already was not looked for above, as it
            -- is rare.
            INSERT INTO :schema.decisions (command_id, category, key, revision, rejected, body_hash, recorded_at, name)
            SELECT k.command, p_categories[k.append], p_keys[k.append], p_expected[k.append], false, k.body_hash, recorded_at, k.name
            FROM unnest(p_command_appends, p_commands, p_command_names, p_body_hashes) AS k (append, command, name, body_hash)
            WHERE outcomes[k.append] = 'held'
            ORDER BY p_categories[k.append], p_keys[k.append] COLLATE "C"
            ON CONFLICT (command_id, category, key) DO NOTHING;
            GET DIAGNOSTICS v_count = ROW_COUNT;
            IF v_count < (SELECT count(*) FROM unnest(p_command_appends) AS k (append) WHERE outcomes[k.append] = 'held') THEN
                RAISE EXCEPTION 'a command of these streams was decided before' USING ERRCODE = 'ES003';
            END IF;
        END IF;
    END IF;

    -- Nothing where all were appended, as nearly always.
    IF 'conflict' = ANY (outcomes) OR 'apart' = ANY (outcomes) THEN
        outcomes := array_replace(array_replace(outcomes, 'new', 'appended'), 'held', 'appended');
    ELSE
        outcomes := NULL;
        revisions := NULL;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION :schema.grant_writer(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_function text;
BEGIN
    PERFORM :schema.grant_reader(p_role);
    FOREACH v_function IN ARRAY ARRAY['register_names', 'register_events', 'rename_category', 'append_one', 'append_many', 'append', 'append_all',
        'append_batch', 'append_mixed', 'close_stream', 'save_snapshot', 'drop_snapshots', 'prune_commands', 'remember']
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION :schema.%I TO %I', v_function, p_role);
    END LOOP;
    IF NOT has_function_privilege(p_role, ':schema.append_one'::regproc, 'EXECUTE') THEN
        RAISE EXCEPTION 'role % may not grant rights in this store; its owner may', quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- A role that may call `append_all` and `append_batch` may call `append_mixed`.
DO $$
DECLARE
    v_grantee text;
BEGIN
    REVOKE ALL ON FUNCTION :schema.append_mixed FROM PUBLIC;
    FOR v_grantee IN
        SELECT a.grantee::regrole::text FROM pg_catalog.pg_proc p, aclexplode(p.proacl) AS a
        WHERE p.oid = ':schema.append_batch'::regproc AND a.grantee NOT IN (0, p.proowner)
          AND has_function_privilege(a.grantee, ':schema.append_all'::regproc, 'EXECUTE')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION :schema.append_mixed TO %s', v_grantee);
    END LOOP;
END $$;

-- A batch looks up the commands that it holds, each by the index. EXISTS beside an OR may be answered from
-- all of the table, read into memory by each call, and is wherever a ledger was counted while it was small:
-- appends with commands took longer the more of them there were. A subquery with a value is always asked for
-- one row.

CREATE OR REPLACE FUNCTION :schema.append_batch(
    p_categories integer[], p_keys text[], p_expected bigint[], p_heads uuid[], p_through integer[],
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
    v_moved bigint;
    v_last integer[];
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcomes := array_fill(v_isolation, ARRAY[cardinality(p_keys)]);
        RETURN;
    END IF;

    -- Locks and decides. A row that is locked is read as it is then, whatever this statement's snapshot is;
    -- it stays at its place until it is moved below.
    SELECT array_agg(d.stream), array_agg(d.place), array_agg(d.outcome), array_agg(d.revision),
        (SELECT ARRAY[r.last_type, r.last_category] FROM :schema.registrations r WHERE r.token = p_token)
    INTO v_streams, v_places, outcomes, revisions, v_last
    FROM (
        SELECT CASE WHEN l.id IS NOT NULL THEN l.id
                    WHEN p_expected[w.ordinal] = 0 AND p_heads[w.ordinal] IS NULL THEN nextval(':schema.streams_id_seq') END AS stream,
               l.place,
               CASE WHEN octet_length(w.key) NOT BETWEEN 1 AND 255
                         OR coalesce(p_through[w.ordinal] <= coalesce(p_through[w.ordinal - 1], 0), true) THEN 'refused'
                    WHEN l.id IS NULL AND p_expected[w.ordinal] = 0 AND p_heads[w.ordinal] IS NULL
                        THEN CASE WHEN w.key ~ E'[\u0001-\u001f\u007f-\u009f]' THEN 'refused' ELSE 'new' END
                    WHEN l.id IS NULL OR l.closed_at IS NOT NULL THEN 'apart'
                    WHEN l.revision = p_expected[w.ordinal] AND l.head_event_id = coalesce(p_heads[w.ordinal], l.head_event_id) THEN 'appended'
                    ELSE 'conflict' END AS outcome,
               l.revision
        FROM unnest(p_keys) WITH ORDINALITY AS w (key, ordinal)
        LEFT JOIN LATERAL (
            SELECT s.id, s.ctid AS place, s.revision, s.head_event_id, s.closed_at FROM :schema.streams s
            WHERE s.category = p_categories[w.ordinal] AND s.key = w.key
            FOR NO KEY UPDATE SKIP LOCKED) AS l ON true
        ORDER BY w.ordinal) AS d;
    IF v_last IS NULL THEN
        outcomes := ARRAY['another history'];
        RETURN;
    END IF;
    -- Where any other array begins makes no difference: the same is read of it everywhere.
    IF 1 > ANY (p_categories) OR v_last[2] < ANY (p_categories) OR 1 > ANY (p_types) OR v_last[1] < ANY (p_types)
       OR '9999-12-31 23:59:59.999999+00' < ANY (p_occurred) OR '4714-11-24 00:00:00+00 BC' > ANY (p_occurred) OR array_lower(p_through, 1) <> 1 THEN
        RAISE EXCEPTION 'append_batch takes categories and types that have these ids, and times that can be read'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF 'refused' = ANY (outcomes) OR p_through[cardinality(p_keys)] IS DISTINCT FROM cardinality(p_event_ids)
       OR cardinality(p_appends) <> cardinality(p_event_ids) OR cardinality(p_payloads) <> cardinality(p_event_ids) THEN
        RAISE EXCEPTION 'append_batch takes one or more events for each stream, and keys of 1 to 255 bytes without control characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- A statement of its own, so that it sees the rows that came with the revisions that were locked.
    IF cardinality(p_commands) > 0 THEN
        FOR v_append IN
            SELECT DISTINCT k.append FROM unnest(p_command_appends, p_commands) AS k (append, command)
            WHERE (SELECT true FROM :schema.commands c WHERE c.stream = v_streams[k.append] AND c.command_id = k.command)
               OR outcomes[k.append] = 'conflict' AND (
                   SELECT true FROM :schema.decisions d
                   WHERE d.command_id = k.command AND d.category = p_categories[k.append] AND d.key = p_keys[k.append])
        LOOP
            outcomes[v_append] := 'apart';
        END LOOP;
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
            outcomes := ARRAY(
                SELECT CASE WHEN w.outcome = 'new' AND NOT coalesce(w.stream = ANY (v_made), false) THEN 'apart' ELSE w.outcome END
                FROM unnest(v_streams, outcomes) WITH ORDINALITY AS w (stream, outcome, ordinal) ORDER BY w.ordinal);
        END IF;
    END IF;

    IF 'appended' = ANY (outcomes) THEN
        UPDATE :schema.streams s SET revision = s.revision + p_through[o] - coalesce(p_through[o - 1], 0), head_event_id = p_event_ids[p_through[o]]
        FROM unnest(array_positions(outcomes, 'appended')) AS o
        WHERE s.ctid = v_places[o] AND s.id = v_streams[o];
        GET DIAGNOSTICS v_moved = ROW_COUNT;
        IF v_moved <> cardinality(array_positions(outcomes, 'appended')) THEN
            RAISE EXCEPTION 'append_batch found % rows of streams where it had locked more', v_moved;
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
        WHERE (outcomes[p_appends[n.ordinal]] IN ('conflict', 'apart') AND n.ordinal <= p_through[p_appends[n.ordinal]]
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
    END IF;

    -- Nothing where all were appended, as nearly always.
    IF 'conflict' = ANY (outcomes) OR 'apart' = ANY (outcomes) THEN
        outcomes := array_replace(outcomes, 'new', 'appended');
    ELSE
        outcomes := NULL;
        revisions := NULL;
    END IF;
END $$;

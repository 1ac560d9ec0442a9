-- Where a command was decided before without events, an append of it to several streams, or in a batch, is
-- told so and not of a conflict: what the stream is at makes no difference to a repetition. What would be
-- written is refused as before, by the trigger of `commands`.

CREATE OR REPLACE FUNCTION :schema.append_all(
    p_categories integer[], p_keys text[], p_expected bigint[], p_heads uuid[], p_counts integer[],
    p_commands uuid[], p_command_names text[], p_body_hashes bigint[],
    p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[], p_token uuid,
    OUT outcomes text[], OUT positions bigint[], OUT recorded_at timestamptz,
    OUT revisions bigint[], OUT event_counts bigint[], OUT body_hashes bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_streams bigint[];
    v_lasts uuid[];
    v_event_streams bigint[];
    v_event_revisions bigint[];
    v_new integer;
    v_inserted integer;
    v_last_type integer;
    v_last_category integer;
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcomes := array_fill(v_isolation, ARRAY[cardinality(p_keys)]);
        RETURN;
    END IF;
    SELECT r.last_type, r.last_category INTO v_last_type, v_last_category FROM :schema.registrations r WHERE r.token = p_token;
    IF NOT FOUND THEN
        outcomes := ARRAY['another history'];
        RETURN;
    END IF;
    IF 1 > ANY (p_categories) OR v_last_category < ANY (p_categories) OR 1 > ANY (p_types) OR v_last_type < ANY (p_types)
       OR '9999-12-31 23:59:59.999999+00' < ANY (p_occurred) OR '4714-11-24 00:00:00+00 BC' > ANY (p_occurred) OR array_lower(p_event_ids, 1) <> 1 THEN
        RAISE EXCEPTION 'append_all takes categories and types that have these ids, and times that can be read'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF cardinality(p_event_ids) <> (SELECT sum(c) FROM unnest(p_counts) AS c) OR 0 >= ANY (p_counts)
       OR EXISTS (SELECT FROM unnest(p_keys) AS k WHERE octet_length(k) NOT BETWEEN 1 AND 255 OR k ~ E'[\u0001-\u001f\u007f-\u009f]')
       OR EXISTS (SELECT FROM unnest(p_categories, p_keys) AS w (category, key) GROUP BY w.category, w.key HAVING count(*) > 1) THEN
        RAISE EXCEPTION 'append_all takes each stream once, with one or more events, and keys of 1 to 255 bytes without control characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    SELECT array_agg(p_event_ids[w.through] ORDER BY w.ordinal) INTO v_lasts
    FROM (SELECT c.ordinal, sum(c.count) OVER (ORDER BY c.ordinal)::integer AS through
          FROM unnest(p_counts) WITH ORDINALITY AS c (count, ordinal)) AS w;
    <<decide>>
    LOOP
        -- A round that loses the race for a new stream is rolled back with its locks, so the next one takes
        -- them in order again.
        BEGIN
            v_streams := ARRAY(
                SELECT (SELECT s.id FROM :schema.streams s WHERE s.category = w.category AND s.key = w.key)
                FROM unnest(p_categories, p_keys) WITH ORDINALITY AS w (category, key, ordinal)
                ORDER BY w.ordinal);
            -- In one order, so that two calls do not wait for each other; and one by one: ordered by its own
            -- columns, all of the table would be read along the index of keys.
            PERFORM FROM (
                SELECT w.stream FROM unnest(v_streams, p_categories, p_keys) AS w (stream, category, key)
                ORDER BY w.category, w.key COLLATE "C") AS o
            CROSS JOIN LATERAL (SELECT FROM :schema.streams s WHERE s.id = o.stream FOR NO KEY UPDATE) AS l;

            -- A statement of its own, so that it sees what was committed while the locks were waited for. A
            -- stream that was not there to be locked is not there.
            SELECT array_agg(d.outcome ORDER BY d.ordinal), array_agg(d.revision ORDER BY d.ordinal),
                   array_agg(d.event_count ORDER BY d.ordinal), array_agg(d.body_hash ORDER BY d.ordinal),
                   count(*) FILTER (WHERE d.outcome = 'new')
            INTO outcomes, revisions, event_counts, body_hashes, v_new
            FROM (
                SELECT w.ordinal, c.event_count, c.body_hash,
                       coalesce(c.first_revision, s.revision, 0) AS revision,
                       CASE WHEN c.command_id IS NOT NULL THEN 'repeated'
                            WHEN s.id IS NULL AND w.expected = 0 AND w.head IS NULL THEN 'new'
                            WHEN s.id IS NULL THEN 'conflict'
                            WHEN s.closed_at IS NOT NULL THEN 'closed'
                            WHEN s.revision = w.expected AND s.head_event_id = coalesce(w.head, s.head_event_id)
                                THEN 'appended'
                            ELSE 'conflict' END AS outcome
                FROM unnest(v_streams, p_expected, p_heads, p_commands)
                    WITH ORDINALITY AS w (stream, expected, head, command, ordinal)
                LEFT JOIN :schema.streams s ON s.id = w.stream
                LEFT JOIN :schema.commands c ON c.stream = s.id AND c.command_id = w.command) AS d;

            IF NOT outcomes <@ ARRAY['appended', 'new'] THEN
                SELECT array_agg(d.outcome ORDER BY d.ordinal), array_agg(d.revision ORDER BY d.ordinal),
                       array_agg(d.event_count ORDER BY d.ordinal), array_agg(d.body_hash ORDER BY d.ordinal)
                INTO outcomes, revisions, event_counts, body_hashes
                FROM (
                    SELECT o.ordinal, coalesce(d.revision, o.revision) AS revision,
                           CASE WHEN d.command_id IS NULL THEN o.event_count ELSE 0 END AS event_count,
                           CASE WHEN d.command_id IS NULL THEN o.body_hash ELSE d.body_hash END AS body_hash,
                           CASE WHEN d.command_id IS NOT NULL THEN 'repeated'
                                WHEN o.outcome IN ('appended', 'new') THEN 'not written'
                                ELSE o.outcome END AS outcome
                    FROM unnest(outcomes, revisions, event_counts, body_hashes, p_categories, p_keys, p_commands)
                        WITH ORDINALITY AS o (outcome, revision, event_count, body_hash, category, key, command, ordinal)
                    LEFT JOIN :schema.decisions d ON d.command_id = o.command AND d.category = o.category AND d.key = o.key) AS d;
                RETURN;
            END IF;

            IF v_new > 0 THEN
                INSERT INTO :schema.streams (category, key, revision, head_event_id)
                SELECT w.category, w.key, w.count, w.last
                FROM unnest(p_categories, p_keys, p_counts, v_lasts, outcomes)
                    AS w (category, key, count, last, outcome)
                WHERE w.outcome = 'new'
                ORDER BY w.category, w.key
                ON CONFLICT (category, key) DO NOTHING;
                GET DIAGNOSTICS v_inserted = ROW_COUNT;
                IF v_inserted < v_new THEN
                    RAISE EXCEPTION USING ERRCODE = 'ES002', MESSAGE = 'another append was faster with a new stream';
                END IF;
            END IF;
            EXIT decide;
        EXCEPTION WHEN SQLSTATE 'ES002' THEN
            CONTINUE decide;
        END;
    END LOOP;
    IF v_new > 0 THEN
        v_streams := ARRAY(
            SELECT coalesce(w.stream, (SELECT s.id FROM :schema.streams s WHERE s.category = w.category AND s.key = w.key))
            FROM unnest(v_streams, p_categories, p_keys) WITH ORDINALITY AS w (stream, category, key, ordinal)
            ORDER BY w.ordinal);
    END IF;
    UPDATE :schema.streams s SET revision = s.revision + w.count, head_event_id = w.last
    FROM unnest(v_streams, p_counts, v_lasts, outcomes) AS w (stream, count, last, outcome)
    WHERE s.id = w.stream AND w.outcome = 'appended';
    recorded_at := clock_timestamp();
    SELECT array_agg(e.stream), array_agg(e.revision), array_agg(e.position)
    INTO v_event_streams, v_event_revisions, positions
    FROM (SELECT w.stream, w.expected + n.nth AS revision,
                 nextval(':schema.positions') AS position
          FROM unnest(v_streams, p_expected, p_counts) WITH ORDINALITY AS w (stream, expected, count, ordinal)
          CROSS JOIN LATERAL generate_series(1, w.count) AS n (nth)
          ORDER BY w.ordinal, n.nth) AS e;

    INSERT INTO :schema.events (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id, causation_id,
        type, payload, metadata)
    SELECT n.position, n.stream, n.revision, recorded_at, n.occurred_at, n.event_id, n.correlation_id,
        n.causation_id, n.type, n.payload, n.metadata
    FROM unnest(positions, v_event_streams, v_event_revisions, p_event_ids, p_types, p_payloads, p_occurred,
            p_correlations, p_causations, p_metadata)
        AS n (position, stream, revision, event_id, type, payload, occurred_at, correlation_id, causation_id, metadata);

    INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
    SELECT w.stream, w.command, w.expected + 1, w.count, w.body_hash, recorded_at, w.name
    FROM unnest(v_streams, p_commands, p_expected, p_counts, p_body_hashes, p_command_names)
        AS w (stream, command, expected, count, body_hash, name)
    WHERE w.command IS NOT NULL;
    outcomes := array_fill('appended'::text, ARRAY[cardinality(outcomes)]);
END $$;

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
            WHERE EXISTS (SELECT FROM :schema.commands c WHERE c.stream = v_streams[k.append] AND c.command_id = k.command)
               OR outcomes[k.append] = 'conflict' AND EXISTS (
                   SELECT FROM :schema.decisions d
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

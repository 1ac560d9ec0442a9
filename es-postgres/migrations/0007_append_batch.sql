-- Appends of many callers in one call and one transaction. Each stands for itself: what one of them meets touches no other.
--
-- Nothing is waited for here, as all the callers would wait: the row of an existing stream is taken only if nobody holds it.
-- What cannot be decided at once is answered with 'apart', of which nothing was written, to be appended in a call of its own:
-- a stream whose row is held or closed, a new stream that another call is making, a command that was carried out before.
--
-- The events of all appends stand in a row: `p_through` is the ordinal of the last event of each append, `p_appends` that of
-- the append of each event. Several appends of one stream that build on each other are one append here. So the commands stand in
-- arrays of their own: `p_command_appends` is the ordinal of the append to which a command belongs, `p_command_offsets` the
-- number of the append's events before its own. An array of metadata that is empty holds nulls.
--
-- Joins by hash or merge are never wanted, nor scans: a plan that is made while the tables are counted as empty would scan them for
-- ever.
CREATE FUNCTION :schema.append_batch(
    p_categories integer[], p_keys text[], p_expected bigint[], p_heads uuid[], p_through integer[],
    p_appends integer[], p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[],
    p_command_appends integer[], p_command_offsets integer[], p_command_counts integer[],
    p_commands uuid[], p_command_names text[], p_body_hashes bigint[],
    OUT outcomes text[], OUT positions bigint[], OUT recorded_at timestamptz, OUT revisions bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_streams bigint[];
    v_lasts uuid[];
    v_made bigint[];
    v_counts integer[];
    v_append integer;
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcomes := array_fill(v_isolation, ARRAY[cardinality(p_keys)]);
        RETURN;
    END IF;

    -- Locks and decides. A row that is locked is read as it is then, whatever this statement's snapshot is.
    SELECT array_agg(d.stream), array_agg(d.outcome), array_agg(d.revision), array_agg(d.count), array_agg(p_event_ids[d.through])
    INTO v_streams, outcomes, revisions, v_counts, v_lasts
    FROM (
        SELECT CASE WHEN l.id IS NOT NULL THEN l.id
                    WHEN w.expected = 0 AND w.head IS NULL THEN nextval('streams_id_seq') END AS stream,
               CASE WHEN octet_length(w.key) NOT BETWEEN 1 AND 255 THEN 'refused'
                    WHEN l.id IS NULL AND w.expected = 0 AND w.head IS NULL THEN 'new'
                    WHEN l.id IS NULL OR l.closed_at IS NOT NULL THEN 'apart'
                    WHEN l.revision = w.expected AND l.head_event_id = coalesce(w.head, l.head_event_id) THEN 'appended'
                    ELSE 'conflict' END AS outcome,
               l.revision, w.through, w.through - coalesce(p_through[w.ordinal - 1], 0) AS count
        FROM unnest(p_categories, p_keys, p_expected, p_heads, p_through)
            WITH ORDINALITY AS w (category, key, expected, head, through, ordinal)
        LEFT JOIN LATERAL (
            SELECT s.id, s.revision, s.head_event_id, s.closed_at FROM streams s
            WHERE s.category = w.category AND s.key = w.key
            FOR NO KEY UPDATE SKIP LOCKED) AS l ON true
        ORDER BY w.ordinal) AS d;
    IF 1 > ANY (v_counts) OR 'refused' = ANY (outcomes) OR p_through[cardinality(p_keys)] IS DISTINCT FROM cardinality(p_event_ids)
       OR cardinality(p_appends) <> cardinality(p_event_ids) THEN
        RAISE EXCEPTION 'append_batch takes one or more events for each stream, and keys of 1 to 255 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- A statement of its own, so that it sees the rows that came with the revisions that were locked.
    IF cardinality(p_commands) > 0 THEN
        FOR v_append IN
            SELECT DISTINCT k.append FROM unnest(p_command_appends, p_commands) AS k (append, command)
            WHERE EXISTS (SELECT FROM commands c WHERE c.stream = v_streams[k.append] AND c.command_id = k.command)
        LOOP
            outcomes[v_append] := 'apart';
        END LOOP;
    END IF;

    IF 'new' = ANY (outcomes) THEN
        WITH made AS (
            INSERT INTO streams AS s (id, category, key, revision, head_event_id) OVERRIDING SYSTEM VALUE
            SELECT w.stream, w.category, w.key, w.count, w.last
            FROM unnest(v_streams, p_categories, p_keys, v_counts, v_lasts, outcomes)
                AS w (stream, category, key, count, last, outcome)
            WHERE w.outcome = 'new'
            ORDER BY w.category, w.key
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
        UPDATE streams s SET revision = s.revision + w.count, head_event_id = w.last
        FROM unnest(v_streams, v_counts, v_lasts, outcomes) AS w (stream, count, last, outcome)
        WHERE s.id = w.stream AND w.outcome = 'appended';
    END IF;

    recorded_at := clock_timestamp();
    WITH written AS (
        INSERT INTO events AS e (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id, causation_id,
            type, payload, metadata)
        -- An event that stands among those of another append gets no revision, and is refused.
        SELECT nextval('positions'), v_streams[n.append],
            CASE WHEN n.ordinal <= p_through[n.append] AND n.ordinal > coalesce(p_through[n.append - 1], 0)
                 THEN p_expected[n.append] + n.ordinal - coalesce(p_through[n.append - 1], 0) END,
            recorded_at, n.occurred_at, n.event_id, n.correlation_id, n.causation_id, n.type, n.payload, n.metadata
        FROM unnest(p_appends, p_event_ids, p_types, p_payloads, p_occurred, p_correlations, p_causations, p_metadata)
            WITH ORDINALITY AS n (append, event_id, type, payload, occurred_at, correlation_id, causation_id, metadata, ordinal)
        WHERE (outcomes[n.append] IN ('conflict', 'apart') AND n.ordinal <= p_through[n.append]
               AND n.ordinal > coalesce(p_through[n.append - 1], 0)) IS NOT TRUE
        ORDER BY n.ordinal
        RETURNING e.position)
    SELECT array_agg(w.position) INTO positions FROM written w;

    IF cardinality(p_commands) > 0 THEN
        INSERT INTO commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        SELECT v_streams[k.append], k.command, p_expected[k.append] + k.before + 1, k.count, k.body_hash, recorded_at, k.name
        FROM unnest(p_command_appends, p_command_offsets, p_command_counts, p_commands, p_command_names, p_body_hashes)
            AS k (append, before, count, command, name, body_hash)
        WHERE outcomes[k.append] IN ('appended', 'new');
    END IF;

    outcomes := array_replace(outcomes, 'new', 'appended');
END $$;

-- The same steps as `append_one`, in which each is explained.

-- Appends several events. The four arrays of what events share (metadata and its columns) have one element for all
-- events, or one for each.
CREATE FUNCTION :schema.append(
    p_category integer, p_key text, p_expected bigint, p_head uuid,
    p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[],
    p_command uuid, p_command_name text, p_body_hash bigint,
    OUT outcome text, OUT positions bigint[], OUT recorded_at timestamptz,
    OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_count integer := cardinality(p_event_ids);
    v_last uuid := p_event_ids[v_count];
    v_stream bigint;
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;

    LOOP
        IF p_expected > 0 THEN
            IF p_command IS NULL THEN
                UPDATE streams s SET revision = s.revision + v_count, head_event_id = v_last
                WHERE s.category = p_category AND s.key = p_key AND s.revision = p_expected
                  AND s.head_event_id = coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
                RETURNING s.id INTO v_stream;
            ELSE
                UPDATE streams s SET revision = s.revision + v_count, head_event_id = v_last
                WHERE s.category = p_category AND s.key = p_key AND s.revision = p_expected
                  AND s.head_event_id = coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
                  AND NOT EXISTS (SELECT FROM commands c WHERE c.stream = s.id AND c.command_id = p_command)
                RETURNING s.id INTO v_stream;
            END IF;
        ELSIF p_expected = 0 AND p_head IS NULL THEN
            IF octet_length(p_key) NOT BETWEEN 1 AND 255 THEN
                RAISE EXCEPTION 'a stream key has 1 to 255 bytes' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            INSERT INTO streams AS s (category, key, revision, head_event_id)
            VALUES (p_category, p_key, v_count, v_last)
            ON CONFLICT (category, key) DO NOTHING
            RETURNING s.id INTO v_stream;
        END IF;
        EXIT WHEN v_stream IS NOT NULL;

        SELECT r.outcome, r.revision, r.event_count, r.body_hash INTO outcome, revision, event_count, body_hash
        FROM refusal(p_category, p_key, p_expected, p_head, p_command) AS r;
        IF outcome <> 'again' THEN
            RETURN;
        END IF;
    END LOOP;

    recorded_at := clock_timestamp();
    positions := ARRAY(SELECT nextval('positions') FROM generate_series(1, v_count));
    IF cardinality(p_metadata) = 1 THEN
        INSERT INTO events (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
            causation_id, type, payload, metadata)
        SELECT n.position, v_stream, p_expected + n.ordinal, recorded_at, p_occurred[1], n.event_id,
            p_correlations[1], p_causations[1], n.type, n.payload, p_metadata[1]
        FROM unnest(positions, p_event_ids, p_types, p_payloads)
            WITH ORDINALITY AS n (position, event_id, type, payload, ordinal);
    ELSE
        INSERT INTO events (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
            causation_id, type, payload, metadata)
        SELECT n.position, v_stream, p_expected + n.ordinal, recorded_at, n.occurred_at, n.event_id,
            n.correlation_id, n.causation_id, n.type, n.payload, n.metadata
        FROM unnest(positions, p_event_ids, p_types, p_payloads, p_occurred, p_correlations, p_causations, p_metadata)
            WITH ORDINALITY AS n (position, event_id, type, payload, occurred_at, correlation_id, causation_id,
                metadata, ordinal);
    END IF;

    IF p_command IS NOT NULL THEN
        INSERT INTO commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        VALUES (v_stream, p_command, p_expected + 1, v_count, p_body_hash, recorded_at, p_command_name);
    END IF;
    outcome := 'appended';
END $$;

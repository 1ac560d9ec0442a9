-- Appends to one stream: the stream's row is checked and moved first, so that a conflict, a closed stream and a repeated
-- command are answers, not errors; they draw no position and leave the transaction usable.
--
-- A scan is never wanted: where a table is counted as empty it looks cheapest, and the plan is kept
-- while the table grows.

-- Says why a stream could not be moved. Called after the attempt, as a statement of its own: it sees what was committed
-- while the attempt waited for the stream's row.
CREATE FUNCTION :schema.refusal(
    p_category integer, p_key text, p_expected bigint, p_head uuid, p_command uuid,
    OUT outcome text, OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SET search_path = :schema, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_stream streams%ROWTYPE;
    v_command commands%ROWTYPE;
BEGIN
    -- Under a snapshot that is older than the attempt, none of this could be told.
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;
    SELECT * INTO v_stream FROM streams s WHERE s.category = p_category AND s.key = p_key;
    IF NOT FOUND THEN
        revision := 0;
        outcome := CASE WHEN p_expected = 0 AND p_head IS NULL THEN 'again' ELSE 'conflict' END;
        RETURN;
    END IF;
    IF p_command IS NOT NULL THEN
        SELECT * INTO v_command FROM commands c WHERE c.stream = v_stream.id AND c.command_id = p_command;
        IF FOUND THEN
            outcome := 'repeated';
            revision := v_command.first_revision;
            event_count := v_command.event_count;
            body_hash := v_command.body_hash;
            RETURN;
        END IF;
    END IF;
    revision := v_stream.revision;
    IF v_stream.closed_at IS NOT NULL THEN
        outcome := 'closed';
    ELSIF v_stream.revision = p_expected AND v_stream.head_event_id = coalesce(p_head, v_stream.head_event_id) THEN
        -- The stream came to the expected revision between the attempt and this look at it.
        outcome := 'again';
    ELSE
        outcome := 'conflict';
    END IF;
END $$;

-- Appends one event, which most commands yield: the same steps as `append`, without the price of arrays. Each
-- statement is written so that its plan depends on no parameter; else it would be planned at each call.
--
-- Names of tables, functions, types and operators are written in full. Thus the caller's search_path says nothing here, and none is set,
-- which would take an eighth of the call. Nor are scans ruled out here, or the isolation looked at: only sessions of the store call this,
-- where both were settled. (Under another isolation an append that goes through is sound, and `refusal` sees that no other can be told.)
CREATE FUNCTION :schema.append_one(
    p_category integer, p_key text, p_expected bigint, p_head uuid,
    p_event_id uuid, p_type integer, p_payload json,
    p_occurred timestamptz, p_correlation uuid, p_causation uuid, p_metadata json,
    p_command uuid, p_command_name text, p_body_hash bigint,
    OUT outcome text, OUT "position" bigint, OUT recorded_at timestamptz,
    OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_stream bigint;
BEGIN
    LOOP
        IF p_expected OPERATOR(pg_catalog.>) 0 THEN
            IF p_command IS NULL THEN
                UPDATE :schema.streams s SET revision = s.revision OPERATOR(pg_catalog.+) 1, head_event_id = p_event_id
                WHERE s.category OPERATOR(pg_catalog.=) p_category AND s.key OPERATOR(pg_catalog.=) p_key
                  AND s.revision OPERATOR(pg_catalog.=) p_expected
                  AND s.head_event_id OPERATOR(pg_catalog.=) coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
                RETURNING s.id INTO v_stream;
            ELSE
                -- A ledger row is written by the transaction that moves the stream, so whoever sees the revision sees
                -- the ledger that belongs to it.
                UPDATE :schema.streams s SET revision = s.revision OPERATOR(pg_catalog.+) 1, head_event_id = p_event_id
                WHERE s.category OPERATOR(pg_catalog.=) p_category AND s.key OPERATOR(pg_catalog.=) p_key
                  AND s.revision OPERATOR(pg_catalog.=) p_expected
                  AND s.head_event_id OPERATOR(pg_catalog.=) coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
                  AND NOT EXISTS (
                      SELECT FROM :schema.commands c
                      WHERE c.stream OPERATOR(pg_catalog.=) s.id AND c.command_id OPERATOR(pg_catalog.=) p_command)
                RETURNING s.id INTO v_stream;
            END IF;
        ELSIF p_expected OPERATOR(pg_catalog.=) 0 AND p_head IS NULL THEN
            IF pg_catalog.octet_length(p_key) OPERATOR(pg_catalog.<) 1 OR pg_catalog.octet_length(p_key) OPERATOR(pg_catalog.>) 255 THEN
                RAISE EXCEPTION 'a stream key has 1 to 255 bytes' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            INSERT INTO :schema.streams AS s (category, key, revision, head_event_id)
            VALUES (p_category, p_key, 1, p_event_id)
            ON CONFLICT (category, key) DO NOTHING
            RETURNING s.id INTO v_stream;
        END IF;
        EXIT WHEN v_stream IS NOT NULL;

        SELECT r.outcome, r.revision, r.event_count, r.body_hash INTO outcome, revision, event_count, body_hash
        FROM :schema.refusal(p_category, p_key, p_expected, p_head, p_command) AS r;
        IF outcome OPERATOR(pg_catalog.<>) 'again' THEN
            RETURN;
        END IF;
    END LOOP;

    INSERT INTO :schema.events AS e (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
        causation_id, type, payload, metadata)
    VALUES (pg_catalog.nextval(':schema.positions'), v_stream, p_expected OPERATOR(pg_catalog.+) 1, pg_catalog.clock_timestamp(),
        p_occurred, p_event_id, p_correlation, p_causation, p_type, p_payload, p_metadata)
    RETURNING e.position, e.recorded_at INTO "position", recorded_at;

    IF p_command IS NOT NULL THEN
        INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        VALUES (v_stream, p_command, p_expected OPERATOR(pg_catalog.+) 1, 1, p_body_hash, recorded_at, p_command_name);
    END IF;
    outcome := 'appended';
END $$;

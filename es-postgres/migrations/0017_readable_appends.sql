-- Functions that append take every name from the system's catalogue or in full, and write nothing that a
-- reader could not read: whoever calls them by hand cannot write ids that stand for nothing, streams or times
-- that no program can have, or revisions with holes. Bodies are as before but for that.
--
-- Ids of categories and event types are 1, 2, 3 … without holes. A registration says the last ones that it
-- found, so the look at the caller's token tells as well which ids there are. The functions make it now, not
-- the statements that call them, as those are written by whoever may call a function.
DO $$
BEGIN
    EXECUTE format('ALTER TABLE :schema.registrations ADD COLUMN last_type integer NOT NULL DEFAULT %s,
                        ADD COLUMN last_category integer NOT NULL DEFAULT %s',
        (SELECT coalesce(max(t.id), 0) FROM :schema.event_types t), (SELECT coalesce(max(c.id), 0) FROM :schema.categories c));
END $$;
ALTER TABLE :schema.registrations ALTER COLUMN last_type DROP DEFAULT, ALTER COLUMN last_category DROP DEFAULT;

CREATE OR REPLACE FUNCTION :schema.registered() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM added) THEN
        INSERT INTO :schema.registrations (id, last_type, last_category)
        SELECT coalesce(max(r.id), 0) + 1, (SELECT coalesce(max(t.id), 0) FROM :schema.event_types t),
            (SELECT coalesce(max(c.id), 0) FROM :schema.categories c)
        FROM :schema.registrations r;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION :schema.refusal(
    p_category integer, p_key text, p_expected bigint, p_head uuid, p_command uuid,
    OUT outcome text, OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_stream :schema.streams%ROWTYPE;
    v_command :schema.commands%ROWTYPE;
    v_decision :schema.decisions%ROWTYPE;
BEGIN
    -- Under a snapshot that is older than the attempt, none of this could be told.
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;
    IF p_command IS NOT NULL THEN
        SELECT * INTO v_decision FROM :schema.decisions d
        WHERE d.command_id = p_command AND d.category = p_category AND d.key = p_key;
        IF FOUND THEN
            outcome := 'repeated';
            revision := v_decision.revision;
            event_count := 0;
            body_hash := v_decision.body_hash;
            RETURN;
        END IF;
    END IF;
    SELECT * INTO v_stream FROM :schema.streams s WHERE s.category = p_category AND s.key = p_key;
    IF NOT FOUND THEN
        revision := 0;
        outcome := CASE WHEN p_expected = 0 AND p_head IS NULL THEN 'again' ELSE 'conflict' END;
        RETURN;
    END IF;
    IF p_command IS NOT NULL THEN
        SELECT * INTO v_command FROM :schema.commands c WHERE c.stream = v_stream.id AND c.command_id = p_command;
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

-- It still sets nothing for its call. So IN, BETWEEN and IS DISTINCT FROM, whose operators cannot be written in
-- full, do not stand in it. The statement that writes the event looks for the token as well: a statement more
-- would take a tenth of the call.
CREATE FUNCTION :schema.append_one(
    p_category integer, p_key text, p_expected bigint, p_head uuid,
    p_event_id uuid, p_type integer, p_payload json,
    p_occurred timestamptz, p_correlation uuid, p_causation uuid, p_metadata json,
    p_command uuid, p_command_name text, p_body_hash bigint, p_token uuid,
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
                -- A ledger row is written by the transaction that moves the stream, so whoever sees the
                -- revision sees the ledger that belongs to it.
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
            IF pg_catalog.octet_length(p_key) OPERATOR(pg_catalog.<) 1 OR pg_catalog.octet_length(p_key) OPERATOR(pg_catalog.>) 255
               OR p_key OPERATOR(pg_catalog.~) E'[\u0001-\u001f\u007f-\u009f]' THEN
                RAISE EXCEPTION 'a stream key has 1 to 255 bytes, and no control characters' USING ERRCODE = 'invalid_parameter_value';
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
            IF NOT EXISTS (SELECT FROM :schema.registrations r WHERE r.token OPERATOR(pg_catalog.=) p_token) THEN
                RAISE EXCEPTION 'the names of the caller are of another history' USING ERRCODE = 'ES010';
            END IF;
            RETURN;
        END IF;
    END LOOP;

    INSERT INTO :schema.events AS e (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
        causation_id, type, payload, metadata)
    SELECT pg_catalog.nextval(':schema.positions'), v_stream, p_expected OPERATOR(pg_catalog.+) 1, pg_catalog.clock_timestamp(),
        p_occurred, p_event_id, p_correlation, p_causation, p_type, p_payload, p_metadata
    FROM :schema.registrations r
    WHERE r.token OPERATOR(pg_catalog.=) p_token
      AND p_type OPERATOR(pg_catalog.>=) 1 AND p_type OPERATOR(pg_catalog.<=) r.last_type
      AND p_category OPERATOR(pg_catalog.>=) 1 AND p_category OPERATOR(pg_catalog.<=) r.last_category
      AND (p_occurred OPERATOR(pg_catalog.<=) '9999-12-31 23:59:59.999999+00' AND p_occurred OPERATOR(pg_catalog.>=) '4714-11-24 00:00:00+00 BC') IS NOT FALSE
    RETURNING e.position, e.recorded_at INTO "position", recorded_at;
    IF recorded_at IS NULL THEN
        IF EXISTS (SELECT FROM :schema.registrations r WHERE r.token OPERATOR(pg_catalog.=) p_token) THEN
            RAISE EXCEPTION 'append_one takes a category and a type that have these ids, and a time that can be read'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RAISE EXCEPTION 'the names of the caller are of another history' USING ERRCODE = 'ES010';
    END IF;

    IF p_command IS NOT NULL THEN
        INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        VALUES (v_stream, p_command, p_expected OPERATOR(pg_catalog.+) 1, 1, p_body_hash, recorded_at, p_command_name);
    END IF;
    outcome := 'appended';
END $$;

CREATE FUNCTION :schema.append(
    p_category integer, p_key text, p_expected bigint, p_head uuid,
    p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[],
    p_command uuid, p_command_name text, p_body_hash bigint, p_token uuid,
    OUT outcome text, OUT positions bigint[], OUT recorded_at timestamptz,
    OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_count integer := cardinality(p_event_ids);
    v_last uuid := p_event_ids[v_count];
    v_stream bigint;
    v_last_type integer;
    v_last_category integer;
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;
    SELECT r.last_type, r.last_category INTO v_last_type, v_last_category FROM :schema.registrations r WHERE r.token = p_token;
    IF NOT FOUND THEN
        outcome := 'another history';
        RETURN;
    END IF;
    IF p_category NOT BETWEEN 1 AND v_last_category OR 1 > ANY (p_types) OR v_last_type < ANY (p_types)
       OR '9999-12-31 23:59:59.999999+00' < ANY (p_occurred) OR '4714-11-24 00:00:00+00 BC' > ANY (p_occurred) OR array_lower(p_event_ids, 1) <> 1 THEN
        RAISE EXCEPTION 'append takes a category and types that have these ids, and times that can be read'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    LOOP
        IF p_expected > 0 THEN
            IF p_command IS NULL THEN
                UPDATE :schema.streams s SET revision = s.revision + v_count, head_event_id = v_last
                WHERE s.category = p_category AND s.key = p_key AND s.revision = p_expected
                  AND s.head_event_id = coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
                RETURNING s.id INTO v_stream;
            ELSE
                UPDATE :schema.streams s SET revision = s.revision + v_count, head_event_id = v_last
                WHERE s.category = p_category AND s.key = p_key AND s.revision = p_expected
                  AND s.head_event_id = coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
                  AND NOT EXISTS (SELECT FROM :schema.commands c WHERE c.stream = s.id AND c.command_id = p_command)
                RETURNING s.id INTO v_stream;
            END IF;
        ELSIF p_expected = 0 AND p_head IS NULL THEN
            IF octet_length(p_key) NOT BETWEEN 1 AND 255 OR p_key ~ E'[\u0001-\u001f\u007f-\u009f]' THEN
                RAISE EXCEPTION 'a stream key has 1 to 255 bytes, and no control characters' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            INSERT INTO :schema.streams AS s (category, key, revision, head_event_id)
            VALUES (p_category, p_key, v_count, v_last)
            ON CONFLICT (category, key) DO NOTHING
            RETURNING s.id INTO v_stream;
        END IF;
        EXIT WHEN v_stream IS NOT NULL;

        SELECT r.outcome, r.revision, r.event_count, r.body_hash INTO outcome, revision, event_count, body_hash
        FROM :schema.refusal(p_category, p_key, p_expected, p_head, p_command) AS r;
        IF outcome <> 'again' THEN
            RETURN;
        END IF;
    END LOOP;

    recorded_at := clock_timestamp();
    positions := ARRAY(SELECT nextval(':schema.positions') FROM generate_series(1, v_count));
    IF cardinality(p_metadata) = 1 THEN
        INSERT INTO :schema.events (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
            causation_id, type, payload, metadata)
        SELECT n.position, v_stream, p_expected + n.ordinal, recorded_at, p_occurred[1], n.event_id,
            p_correlations[1], p_causations[1], n.type, n.payload, p_metadata[1]
        FROM unnest(positions, p_event_ids, p_types, p_payloads)
            WITH ORDINALITY AS n (position, event_id, type, payload, ordinal);
    ELSE
        INSERT INTO :schema.events (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
            causation_id, type, payload, metadata)
        SELECT n.position, v_stream, p_expected + n.ordinal, recorded_at, n.occurred_at, n.event_id,
            n.correlation_id, n.causation_id, n.type, n.payload, n.metadata
        FROM unnest(positions, p_event_ids, p_types, p_payloads, p_occurred, p_correlations, p_causations, p_metadata)
            WITH ORDINALITY AS n (position, event_id, type, payload, occurred_at, correlation_id, causation_id,
                metadata, ordinal);
    END IF;

    IF p_command IS NOT NULL THEN
        INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        VALUES (v_stream, p_command, p_expected + 1, v_count, p_body_hash, recorded_at, p_command_name);
    END IF;
    outcome := 'appended';
END $$;

-- Whoever could call the functions of before can call these; those go.
DO $$
DECLARE
    v_before pg_catalog.pg_proc;
    v_now regprocedure;
    v_grantee text;
BEGIN
    FOR v_before IN
        SELECT p.* FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = ':schema'::regnamespace AND p.proname IN ('append_one', 'append') AND NOT 'p_token' = ANY (p.proargnames)
    LOOP
        v_now := (SELECT p.oid FROM pg_catalog.pg_proc p
                  WHERE p.pronamespace = v_before.pronamespace AND p.proname = v_before.proname AND p.oid <> v_before.oid);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_now);
        FOR v_grantee IN SELECT a.grantee::regrole::text FROM aclexplode(v_before.proacl) AS a WHERE a.grantee NOT IN (0, v_before.proowner) LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', v_now, v_grantee);
        END LOOP;
        EXECUTE format('DROP FUNCTION %s', v_before.oid::regprocedure);
    END LOOP;
END $$;

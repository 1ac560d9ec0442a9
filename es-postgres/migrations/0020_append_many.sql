-- Several events of one stream, on a session of the store: as `append_one`, this sets nothing for its call
-- and takes every name in full. With ten events, the settings of `append` took an eighth of the call.
CREATE FUNCTION :schema.append_many(
    p_category integer, p_key text, p_expected bigint, p_head uuid,
    p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[],
    p_command uuid, p_command_name text, p_body_hash bigint, p_token uuid,
    OUT outcome text, OUT positions bigint[], OUT recorded_at timestamptz,
    OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_count integer := pg_catalog.cardinality(p_event_ids);
    v_stream bigint;
BEGIN
    LOOP
        IF p_expected OPERATOR(pg_catalog.>) 0 THEN
            IF p_command IS NULL THEN
                UPDATE :schema.streams s SET revision = s.revision OPERATOR(pg_catalog.+) v_count, head_event_id = p_event_ids[v_count]
                WHERE s.category OPERATOR(pg_catalog.=) p_category AND s.key OPERATOR(pg_catalog.=) p_key
                  AND s.revision OPERATOR(pg_catalog.=) p_expected
                  AND s.head_event_id OPERATOR(pg_catalog.=) coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
                RETURNING s.id INTO v_stream;
            ELSE
                UPDATE :schema.streams s SET revision = s.revision OPERATOR(pg_catalog.+) v_count, head_event_id = p_event_ids[v_count]
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
            VALUES (p_category, p_key, v_count, p_event_ids[v_count])
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

    recorded_at := pg_catalog.clock_timestamp();
    IF '9999-12-31 23:59:59.999999+00' OPERATOR(pg_catalog.<) ANY (p_occurred)
       OR '4714-11-24 00:00:00+00 BC' OPERATOR(pg_catalog.>) ANY (p_occurred) OR pg_catalog.array_lower(p_event_ids, 1) OPERATOR(pg_catalog.<>) 1 THEN
        RAISE EXCEPTION 'append_many takes ids from the first on, and times that can be read' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- What begins elsewhere, or is of another length than the ids, lacks a value below, and is refused. The
    -- statements that write look for the token as well: a statement more would take a tenth of the call.
    IF pg_catalog.cardinality(p_metadata) OPERATOR(pg_catalog.=) 1 AND pg_catalog.cardinality(p_payloads) OPERATOR(pg_catalog.=) v_count THEN
        WITH written AS (
            INSERT INTO :schema.events AS e (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
                causation_id, type, payload, metadata)
            SELECT pg_catalog.nextval(':schema.positions'), v_stream, p_expected OPERATOR(pg_catalog.+) n.ordinal, recorded_at,
                p_occurred[1], p_event_ids[n.ordinal], p_correlations[1], p_causations[1], p_types[n.ordinal], n.payload, p_metadata[1]
            FROM pg_catalog.unnest(p_payloads) WITH ORDINALITY AS n (payload, ordinal)
            WHERE EXISTS (
                SELECT FROM :schema.registrations r
                WHERE r.token OPERATOR(pg_catalog.=) p_token
                  AND p_category OPERATOR(pg_catalog.>=) 1 AND p_category OPERATOR(pg_catalog.<=) r.last_category
                  AND (1 OPERATOR(pg_catalog.>) ANY (p_types)) IS NOT TRUE AND (r.last_type OPERATOR(pg_catalog.<) ANY (p_types)) IS NOT TRUE)
            RETURNING e.position)
        SELECT pg_catalog.array_agg(w.position) INTO positions FROM written w;
    ELSE
        WITH written AS (
            INSERT INTO :schema.events AS e (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
                causation_id, type, payload, metadata)
            SELECT pg_catalog.nextval(':schema.positions'), v_stream, p_expected OPERATOR(pg_catalog.+) n.ordinal, recorded_at,
                n.occurred_at, n.event_id, n.correlation_id, n.causation_id, n.type, n.payload, n.metadata
            FROM ROWS FROM (pg_catalog.unnest(p_event_ids), pg_catalog.unnest(p_types), pg_catalog.unnest(p_payloads),
                    pg_catalog.unnest(p_occurred), pg_catalog.unnest(p_correlations), pg_catalog.unnest(p_causations),
                    pg_catalog.unnest(p_metadata))
                WITH ORDINALITY AS n (event_id, type, payload, occurred_at, correlation_id, causation_id, metadata, ordinal)
            WHERE EXISTS (
                SELECT FROM :schema.registrations r
                WHERE r.token OPERATOR(pg_catalog.=) p_token
                  AND p_category OPERATOR(pg_catalog.>=) 1 AND p_category OPERATOR(pg_catalog.<=) r.last_category
                  AND (1 OPERATOR(pg_catalog.>) ANY (p_types)) IS NOT TRUE AND (r.last_type OPERATOR(pg_catalog.<) ANY (p_types)) IS NOT TRUE)
            RETURNING e.position)
        SELECT pg_catalog.array_agg(w.position) INTO positions FROM written w;
    END IF;
    IF positions IS NULL THEN
        IF EXISTS (SELECT FROM :schema.registrations r WHERE r.token OPERATOR(pg_catalog.=) p_token) THEN
            RAISE EXCEPTION 'append_many takes one or more events, and a category and types that have these ids'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RAISE EXCEPTION 'the names of the caller are of another history' USING ERRCODE = 'ES010';
    END IF;

    IF p_command IS NOT NULL THEN
        INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        VALUES (v_stream, p_command, p_expected OPERATOR(pg_catalog.+) 1, v_count, p_body_hash, recorded_at, p_command_name);
    END IF;
    outcome := 'appended';
END $$;

-- On a connection that is not the store's: it may have any isolation and any settings, and its transaction is
-- not to fail where the names are of another history.
CREATE OR REPLACE FUNCTION :schema.append(
    p_category integer, p_key text, p_expected bigint, p_head uuid,
    p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[],
    p_command uuid, p_command_name text, p_body_hash bigint, p_token uuid,
    OUT outcome text, OUT positions bigint[], OUT recorded_at timestamptz,
    OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_isolation text := current_setting('transaction_isolation');
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM :schema.registrations r WHERE r.token = p_token) THEN
        outcome := 'another history';
        RETURN;
    END IF;
    SELECT a.* INTO outcome, positions, recorded_at, revision, event_count, body_hash
    FROM :schema.append_many(p_category, p_key, p_expected, p_head, p_event_ids, p_types, p_payloads, p_occurred,
        p_correlations, p_causations, p_metadata, p_command, p_command_name, p_body_hash, p_token) AS a;
END $$;

CREATE OR REPLACE FUNCTION :schema.grant_writer(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_function text;
BEGIN
    PERFORM :schema.grant_reader(p_role);
    FOREACH v_function IN ARRAY ARRAY['register_names', 'register_events', 'rename_category', 'append_one', 'append_many', 'append', 'append_all',
        'append_batch', 'close_stream', 'save_snapshot', 'drop_snapshots', 'prune_commands', 'remember']
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION :schema.%I TO %I', v_function, p_role);
    END LOOP;
    IF NOT has_function_privilege(p_role, ':schema.append_one'::regproc, 'EXECUTE') THEN
        RAISE EXCEPTION 'role % may not grant rights in this store; its owner may', quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Whoever may call the one may call the other.
DO $$
DECLARE
    v_grantee text;
BEGIN
    REVOKE ALL ON FUNCTION :schema.append_many FROM PUBLIC;
    FOR v_grantee IN
        SELECT a.grantee::regrole::text FROM pg_catalog.pg_proc p, aclexplode(p.proacl) AS a
        WHERE p.oid = ':schema.append'::regproc AND a.grantee NOT IN (0, p.proowner)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION :schema.append_many TO %s', v_grantee);
    END LOOP;
END $$;

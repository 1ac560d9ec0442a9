-- `append_one` in fewer steps. The proof of the caller's history costs a twentieth of the call; this saves as
-- much elsewhere.
--
-- PL/pgSQL sets up every expression anew in every transaction, which takes about a hundredth of the call, and
-- so do the six fields of the record. Most appends are to a stream that exists, record no command, and say no
-- time. Those are one statement now, whose row is returned as it is. The fields are as before: outcome,
-- position, time, and for a refusal also revision, count and hash.
--
-- The row of the registration is read at the address that it had when the caller read it, without an index.
-- Its token is still compared: an address alone proves nothing. If the row is at another address by now, as
-- after VACUUM FULL, it is looked up by its token.
CREATE FUNCTION :schema.check_registration(p_category integer, p_type integer, p_occurred timestamptz, p_token uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_registration :schema.registrations%ROWTYPE;
BEGIN
    SELECT * INTO v_registration FROM :schema.registrations r WHERE r.token = p_token;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the names of the caller are of another history' USING ERRCODE = 'ES010';
    END IF;
    IF p_category BETWEEN 1 AND v_registration.last_category AND p_type BETWEEN 1 AND v_registration.last_type
       AND (p_occurred BETWEEN '4714-11-24 00:00:00+00 BC' AND '9999-12-31 23:59:59.999999+00') IS NOT FALSE THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'append_one takes a category and a type that have these ids, and a time that can be read'
        USING ERRCODE = 'invalid_parameter_value';
END $$;

REVOKE ALL ON FUNCTION :schema.check_registration FROM PUBLIC;

ALTER FUNCTION :schema.append_one RENAME TO append_one_before;

CREATE FUNCTION :schema.append_one(
    p_category integer, p_key text, p_expected bigint, p_head uuid,
    p_event_id uuid, p_type integer, p_payload json,
    p_occurred timestamptz, p_correlation uuid, p_causation uuid, p_metadata json,
    p_command uuid, p_command_name text, p_body_hash bigint, p_token uuid, p_registration tid DEFAULT NULL)
RETURNS record LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_answer pg_catalog.record;
    v_stream bigint;
BEGIN
    LOOP
        IF p_expected OPERATOR(pg_catalog.>) 0 AND p_registration IS NOT NULL AND p_command IS NULL AND p_occurred IS NULL THEN
            -- The registration depends on no row of a stream, so it is read once, before the stream is moved.
            -- As a condition of its own it would take another node of the plan, hence the CASE.
            WITH moved AS (
                UPDATE :schema.streams s SET revision = s.revision OPERATOR(pg_catalog.+) 1, head_event_id = p_event_id
                WHERE s.category OPERATOR(pg_catalog.=) p_category AND s.key OPERATOR(pg_catalog.=) p_key
                  AND s.revision OPERATOR(pg_catalog.=) p_expected
                  AND s.head_event_id OPERATOR(pg_catalog.=) coalesce(p_head, s.head_event_id)
                  AND CASE WHEN p_type OPERATOR(pg_catalog.>=) 1 AND EXISTS (
                          SELECT FROM :schema.registrations r
                          WHERE r.ctid OPERATOR(pg_catalog.=) p_registration AND r.token OPERATOR(pg_catalog.=) p_token
                            AND p_type OPERATOR(pg_catalog.<=) r.last_type)
                      THEN s.closed_at IS NULL END
                RETURNING s.id)
            INSERT INTO :schema.events AS e (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id,
                causation_id, type, payload, metadata)
            SELECT pg_catalog.nextval(':schema.positions'), m.id, p_expected OPERATOR(pg_catalog.+) 1, pg_catalog.clock_timestamp(),
                NULL::pg_catalog.timestamptz, p_event_id, p_correlation, p_causation, p_type, p_payload, p_metadata
            FROM moved m
            RETURNING 'appended', e.position, e.recorded_at INTO v_answer;
            IF FOUND THEN
                RETURN v_answer;
            END IF;
        ELSIF p_expected OPERATOR(pg_catalog.>) 0 THEN
            -- The entry in the command ledger is written in the transaction that moves the stream, so a
            -- transaction that sees the revision sees the entry as well.
            UPDATE :schema.streams s SET revision = s.revision OPERATOR(pg_catalog.+) 1, head_event_id = p_event_id
            WHERE s.category OPERATOR(pg_catalog.=) p_category AND s.key OPERATOR(pg_catalog.=) p_key
              AND s.revision OPERATOR(pg_catalog.=) p_expected
              AND s.head_event_id OPERATOR(pg_catalog.=) coalesce(p_head, s.head_event_id) AND s.closed_at IS NULL
              AND NOT EXISTS (
                  SELECT FROM :schema.commands c
                  WHERE c.stream OPERATOR(pg_catalog.=) s.id AND c.command_id OPERATOR(pg_catalog.=) p_command)
            RETURNING s.id INTO v_stream;
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

        SELECT r.outcome, NULL::bigint, NULL::pg_catalog.timestamptz, r.revision, r.event_count, r.body_hash INTO v_answer
        FROM :schema.refusal(p_category, p_key, p_expected, p_head, p_command) AS r;
        PERFORM :schema.check_registration(p_category, p_type, p_occurred, p_token);
        IF v_answer.outcome OPERATOR(pg_catalog.<>) 'again' THEN
            RETURN v_answer;
        END IF;
        -- The reason may be the registration: its row may be at another address by now.
        p_registration := NULL;
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
    RETURNING 'appended', e.position, e.recorded_at INTO v_answer;
    IF NOT FOUND THEN
        PERFORM :schema.check_registration(p_category, p_type, p_occurred, p_token);
        -- They were registered in the meantime. The row of the stream has moved, which the error undoes.
        RAISE EXCEPTION 'the names of the caller are of another history' USING ERRCODE = 'ES010';
    END IF;

    IF p_command IS NOT NULL THEN
        INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
        VALUES (v_stream, p_command, p_expected OPERATOR(pg_catalog.+) 1, 1, p_body_hash, v_answer.recorded_at, p_command_name);
    END IF;
    RETURN v_answer;
END $$;

-- Grants what was granted on the previous function, and drops that one.
DO $$
DECLARE
    v_before oid := ':schema.append_one_before'::regproc;
    v_now regprocedure := ':schema.append_one'::regproc::oid;
    v_grantee text;
BEGIN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_now);
    FOR v_grantee IN
        SELECT a.grantee::regrole::text FROM pg_catalog.pg_proc p, aclexplode(p.proacl) AS a
        WHERE p.oid = v_before AND a.grantee NOT IN (0, p.proowner)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', v_now, v_grantee);
    END LOOP;
    EXECUTE format('DROP FUNCTION %s', v_before::regprocedure);
END $$;

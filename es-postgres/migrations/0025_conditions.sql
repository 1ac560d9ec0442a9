-- Conditions of an append to several streams: a part with no events. Its stream has to be at the expected
-- revision, and nobody may append to it before this transaction has ended, or two calls that each read what the
-- other one writes would both be written.
--
-- A row that is only read is locked so that others may read it as well, but not move it. A stream that is not
-- there has no row to lock; so one is inserted, for which whoever makes the stream waits, and is deleted again
-- at once. It is never committed, and never seen. That is the only row of a stream that can be deleted.
DROP TRIGGER never_deleted ON :schema.streams;
CREATE TRIGGER never_deleted BEFORE DELETE ON :schema.streams
    FOR EACH ROW WHEN (OLD.revision <> 0) EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.streams ENABLE ALWAYS TRIGGER never_deleted;

-- As before, and with conditions: those with a count of 0.
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

    IF cardinality(p_event_ids) <> (SELECT sum(c) FROM unnest(p_counts) AS c) OR 0 > ANY (p_counts)
       OR EXISTS (SELECT FROM unnest(p_keys) AS k WHERE octet_length(k) NOT BETWEEN 1 AND 255 OR k ~ E'[\u0001-\u001f\u007f-\u009f]')
       OR EXISTS (SELECT FROM unnest(p_categories, p_keys) AS w (category, key) GROUP BY w.category, w.key HAVING count(*) > 1) THEN
        RAISE EXCEPTION 'append_all takes each stream once, and keys of 1 to 255 bytes without control characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    SELECT array_agg(CASE WHEN w.count > 0 THEN p_event_ids[w.through] ELSE '00000000-0000-0000-0000-000000000000' END ORDER BY w.ordinal)
    INTO v_lasts
    FROM (SELECT c.ordinal, c.count, sum(c.count) OVER (ORDER BY c.ordinal)::integer AS through
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
                SELECT w.stream, w.count FROM unnest(v_streams, p_categories, p_keys, p_counts) AS w (stream, category, key, count)
                ORDER BY w.category, w.key COLLATE "C") AS o
            LEFT JOIN LATERAL (SELECT FROM :schema.streams s WHERE s.id = o.stream AND o.count > 0 FOR NO KEY UPDATE) AS moved ON true
            LEFT JOIN LATERAL (SELECT FROM :schema.streams s WHERE s.id = o.stream AND o.count = 0 FOR SHARE) AS held ON true;

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
                            WHEN s.closed_at IS NOT NULL AND w.count > 0 THEN 'closed'
                            WHEN s.revision = w.expected AND s.head_event_id = coalesce(w.head, s.head_event_id)
                                THEN 'appended'
                            ELSE 'conflict' END AS outcome
                FROM unnest(v_streams, p_expected, p_heads, p_commands, p_counts)
                    WITH ORDINALITY AS w (stream, expected, head, command, count, ordinal)
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
        IF 0 = ANY (p_counts) THEN
            -- Deleted by this transaction, a row is still waited for by those who want to insert another one.
            DELETE FROM :schema.streams s
            USING unnest(v_streams, p_counts, outcomes) AS w (stream, count, outcome)
            WHERE s.id = w.stream AND w.count = 0 AND w.outcome = 'new';
        END IF;
    END IF;
    UPDATE :schema.streams s SET revision = s.revision + w.count, head_event_id = w.last
    FROM unnest(v_streams, p_counts, v_lasts, outcomes) AS w (stream, count, last, outcome)
    WHERE s.id = w.stream AND w.count > 0 AND w.outcome = 'appended';
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
    WHERE w.command IS NOT NULL AND w.count > 0;
    IF 0 = ANY (p_counts) THEN
        -- An append of the command meets this call at the row of the stream, which is held, and finds the decision after it. A decision
        -- that is there already was not looked for above, as it is rare.
        INSERT INTO :schema.decisions (command_id, category, key, revision, rejected, body_hash, recorded_at, name)
        SELECT w.command, w.category, w.key, w.expected, false, w.body_hash, recorded_at, w.name
        FROM unnest(p_categories, p_keys, p_commands, p_expected, p_counts, p_body_hashes, p_command_names)
            AS w (category, key, command, expected, count, body_hash, name)
        WHERE w.command IS NOT NULL AND w.count = 0
        ORDER BY w.category, w.key COLLATE "C"
        ON CONFLICT (command_id, category, key) DO NOTHING;
        GET DIAGNOSTICS v_inserted = ROW_COUNT;
        IF v_inserted < (SELECT count(*) FROM unnest(p_commands, p_counts) AS w (command, count) WHERE w.command IS NOT NULL AND w.count = 0) THEN
            RAISE EXCEPTION 'a command of these streams was decided before' USING ERRCODE = 'ES003';
        END IF;
    END IF;
    outcomes := array_fill('appended'::text, ARRAY[cardinality(outcomes)]);
END $$;

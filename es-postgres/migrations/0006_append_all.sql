-- Appends to several streams in one call, to all or to none. The outcome of each append is decided before anything of it is written.
--
-- Rows of streams are found one by one, by key and then by id: a plan is made once, for arrays of ten, and a join that looks cheap
-- for those compares each of a thousand streams with each.
--
-- Rows of existing streams are locked first, in the order of their keys; then the rows of new streams are inserted, in
-- the same order. Two calls therefore never wait for each other in a circle.

CREATE FUNCTION :schema.append_all(
    p_categories integer[], p_keys text[], p_expected bigint[], p_heads uuid[], p_counts integer[],
    p_commands uuid[], p_command_names text[], p_body_hashes bigint[],
    p_event_ids uuid[], p_types integer[], p_payloads json[],
    p_occurred timestamptz[], p_correlations uuid[], p_causations uuid[], p_metadata json[],
    OUT outcomes text[], OUT positions bigint[], OUT recorded_at timestamptz,
    OUT revisions bigint[], OUT event_counts bigint[], OUT body_hashes bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_streams bigint[];
    v_lasts uuid[];
    v_event_streams bigint[];
    v_event_revisions bigint[];
    v_new integer;
    v_inserted integer;
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcomes := array_fill(v_isolation, ARRAY[cardinality(p_keys)]);
        RETURN;
    END IF;

    IF cardinality(p_event_ids) <> (SELECT sum(c) FROM unnest(p_counts) AS c) OR 0 >= ANY (p_counts)
       OR EXISTS (SELECT FROM unnest(p_keys) AS k WHERE octet_length(k) NOT BETWEEN 1 AND 255)
       OR EXISTS (SELECT FROM unnest(p_categories, p_keys) AS w (category, key) GROUP BY w.category, w.key HAVING count(*) > 1) THEN
        RAISE EXCEPTION 'append_all takes each stream once, with one or more events, and keys of 1 to 255 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    SELECT array_agg(p_event_ids[w.through] ORDER BY w.ordinal) INTO v_lasts
    FROM (SELECT c.ordinal, sum(c.count) OVER (ORDER BY c.ordinal)::integer AS through
          FROM unnest(p_counts) WITH ORDINALITY AS c (count, ordinal)) AS w;

    <<decide>>
    LOOP
        -- A round that loses the race for a new stream is rolled back with its locks, so the next one takes them in
        -- order again.
        BEGIN
            v_streams := ARRAY(
                SELECT (SELECT s.id FROM streams s WHERE s.category = w.category AND s.key = w.key)
                FROM unnest(p_categories, p_keys) WITH ORDINALITY AS w (category, key, ordinal)
                ORDER BY w.ordinal);
            -- In one order, so that two calls do not wait for each other; and one by one: ordered by its own columns, all of the
            -- table would be read along the index of keys.
            PERFORM FROM (
                SELECT w.stream FROM unnest(v_streams, p_categories, p_keys) AS w (stream, category, key)
                ORDER BY w.category, w.key COLLATE "C") AS o
            CROSS JOIN LATERAL (SELECT FROM streams s WHERE s.id = o.stream FOR NO KEY UPDATE) AS l;

            -- A statement of its own, so that it sees what was committed while the locks were waited for. A stream that
            -- was not there to be locked is not there.
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
                LEFT JOIN streams s ON s.id = w.stream
                LEFT JOIN commands c ON c.stream = s.id AND c.command_id = w.command) AS d;

            IF NOT outcomes <@ ARRAY['appended', 'new'] THEN
                outcomes := ARRAY(
                    SELECT CASE WHEN o.outcome IN ('appended', 'new') THEN 'not written' ELSE o.outcome END
                    FROM unnest(outcomes) WITH ORDINALITY AS o (outcome, ordinal) ORDER BY o.ordinal);
                RETURN;
            END IF;

            IF v_new > 0 THEN
                INSERT INTO streams (category, key, revision, head_event_id)
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
            SELECT coalesce(w.stream, (SELECT s.id FROM streams s WHERE s.category = w.category AND s.key = w.key))
            FROM unnest(v_streams, p_categories, p_keys) WITH ORDINALITY AS w (stream, category, key, ordinal)
            ORDER BY w.ordinal);
    END IF;

    UPDATE streams s SET revision = s.revision + w.count, head_event_id = w.last
    FROM unnest(v_streams, p_counts, v_lasts, outcomes) AS w (stream, count, last, outcome)
    WHERE s.id = w.stream AND w.outcome = 'appended';

    recorded_at := clock_timestamp();
    SELECT array_agg(e.stream), array_agg(e.revision), array_agg(e.position)
    INTO v_event_streams, v_event_revisions, positions
    FROM (SELECT w.stream, w.expected + n.nth AS revision,
                 nextval('positions') AS position
          FROM unnest(v_streams, p_expected, p_counts) WITH ORDINALITY AS w (stream, expected, count, ordinal)
          CROSS JOIN LATERAL generate_series(1, w.count) AS n (nth)
          ORDER BY w.ordinal, n.nth) AS e;

    INSERT INTO events (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id, causation_id,
        type, payload, metadata)
    SELECT n.position, n.stream, n.revision, recorded_at, n.occurred_at, n.event_id, n.correlation_id,
        n.causation_id, n.type, n.payload, n.metadata
    FROM unnest(positions, v_event_streams, v_event_revisions, p_event_ids, p_types, p_payloads, p_occurred,
            p_correlations, p_causations, p_metadata)
        AS n (position, stream, revision, event_id, type, payload, occurred_at, correlation_id, causation_id, metadata);

    INSERT INTO commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
    SELECT w.stream, w.command, w.expected + 1, w.count, w.body_hash, recorded_at, w.name
    FROM unnest(v_streams, p_commands, p_expected, p_counts, p_body_hashes, p_command_names)
        AS w (stream, command, expected, count, body_hash, name)
    WHERE w.command IS NOT NULL;

    outcomes := array_fill('appended'::text, ARRAY[cardinality(outcomes)]);
END $$;

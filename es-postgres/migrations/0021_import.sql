-- What a copy of another store writes: events with the positions, ids and times that they have there. Only
-- the owner of the schema may call these; everybody else appends.

-- Pairs of a category's first name and another one of its names, or the first one again. Returns what stands
-- in the way, and changes nothing then: two names that are two categories, or a version of an event with two
-- fingerprints.
CREATE FUNCTION :schema.import_names(
    p_categories text[], p_aliases text[], p_names text[], p_versions integer[], p_fingerprints bigint[])
    RETURNS TABLE (name text, other text, version integer, registered bigint, found bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_category text;
    v_aliases text[];
BEGIN
    LOCK TABLE :schema.event_types, :schema.categories IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY
        SELECT min(c.name COLLATE "C"), max(c.name COLLATE "C"), NULL::integer, NULL::bigint, NULL::bigint
        FROM unnest(p_categories, p_aliases) AS w (category, alias)
        JOIN :schema.categories c ON c.name IN (w.category COLLATE "C", w.alias COLLATE "C")
        GROUP BY w.category
        HAVING min(c.id) <> max(c.id);
    IF FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT t.name, NULL::text, t.version, t.fingerprint, w.fingerprint
        FROM unnest(p_names, p_versions, p_fingerprints) AS w (name, version, fingerprint)
        JOIN :schema.event_types t ON t.name = w.name COLLATE "C" AND t.version = w.version AND t.fingerprint <> w.fingerprint
        ORDER BY t.name, t.version;
    IF FOUND THEN
        RETURN;
    END IF;
    FOR v_category, v_aliases IN
        SELECT w.category, array_agg(w.alias ORDER BY w.alias) FILTER (WHERE w.alias <> w.category)
        FROM unnest(p_categories, p_aliases) WITH ORDINALITY AS w (category, alias, ordinal)
        GROUP BY w.category
        ORDER BY min(w.ordinal)
    LOOP
        PERFORM :schema.rename_category(v_category, coalesce(v_aliases, '{}'));
    END LOOP;
    RETURN QUERY
        SELECT r.name, NULL::text, r.version, r.registered, r.found
        FROM :schema.register_events(p_names, p_versions, p_fingerprints, array_fill(false, ARRAY[cardinality(p_names)])) AS r;
END $$;

-- Returns the first event that does not follow, with the position before it and the revision of its stream,
-- and writes nothing then. Nobody appends meanwhile. The sequence is locked first, as by an append, so that
-- readers wait for the commit; it moves last, so that a failure before leaves no positions that would count
-- as drawn.
CREATE FUNCTION :schema.import_events(
    p_positions bigint[], p_categories text[], p_keys text[], p_revisions bigint[],
    p_names text[], p_versions integer[], p_event_ids uuid[], p_recorded timestamptz[], p_occurred timestamptz[],
    p_correlations uuid[], p_causations uuid[], p_payloads json[], p_metadata json[],
    OUT ordinal bigint, OUT last bigint, OUT revision bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_last bigint := 0;
    v_written bigint;
BEGIN
    LOCK TABLE :schema.events IN SHARE ROW EXCLUSIVE MODE;
    PERFORM setval(':schema.positions', p.last_value, p.is_called) FROM :schema.positions p;
    SELECT e.position INTO v_last FROM :schema.events e ORDER BY e.position DESC LIMIT 1;
    v_last := coalesce(v_last, 0);

    SELECT f.ordinal, f.before, f.at INTO ordinal, last, revision
    FROM (
        SELECT w.ordinal, w.position, w.revision,
            coalesce(lag(w.position) OVER (ORDER BY w.ordinal), v_last) AS before,
            coalesce(lag(w.revision) OVER (PARTITION BY c.id, w.key ORDER BY w.ordinal), s.revision, 0) AS at
        FROM unnest(p_positions, p_categories, p_keys, p_revisions)
            WITH ORDINALITY AS w (position, category, key, revision, ordinal)
        LEFT JOIN :schema.categories c ON c.name = w.category COLLATE "C"
        LEFT JOIN :schema.streams s ON s.category = c.id AND s.key = w.key COLLATE "C"
    ) AS f
    WHERE f.position <= f.before OR f.revision <> f.at + 1
    ORDER BY f.ordinal
    LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;

    INSERT INTO :schema.streams AS s (category, key, revision, head_event_id, created_at)
    SELECT c.id, w.key, max(w.revision), (array_agg(w.event_id ORDER BY w.revision DESC))[1], min(w.recorded_at)
    FROM unnest(p_categories, p_keys, p_revisions, p_event_ids, p_recorded)
        WITH ORDINALITY AS w (category, key, revision, event_id, recorded_at, ordinal)
    JOIN :schema.categories c ON c.name = w.category COLLATE "C"
    GROUP BY c.id, w.key
    ORDER BY min(w.ordinal)
    ON CONFLICT (category, key) DO UPDATE SET revision = excluded.revision, head_event_id = excluded.head_event_id;

    INSERT INTO :schema.events (position, stream, revision, recorded_at, occurred_at, event_id, correlation_id, causation_id,
        type, payload, metadata)
    SELECT w.position, s.id, w.revision, w.recorded_at, w.occurred_at, w.event_id, w.correlation_id, w.causation_id, t.id,
        w.payload, w.metadata
    FROM unnest(p_positions, p_categories, p_keys, p_revisions, p_names, p_versions, p_event_ids, p_recorded, p_occurred,
            p_correlations, p_causations, p_payloads, p_metadata)
        WITH ORDINALITY AS w (position, category, key, revision, name, version, event_id, recorded_at, occurred_at,
            correlation_id, causation_id, payload, metadata, ordinal)
    JOIN :schema.categories c ON c.name = w.category COLLATE "C"
    JOIN :schema.streams s ON s.category = c.id AND s.key = w.key COLLATE "C"
    JOIN :schema.event_types t ON t.name = w.name COLLATE "C" AND t.version = w.version
    ORDER BY w.ordinal;
    GET DIAGNOSTICS v_written = ROW_COUNT;
    IF v_written <> cardinality(p_positions) THEN
        RAISE EXCEPTION 'import_events takes events of categories and types that are known' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM setval(':schema.positions', greatest(p.last_value, p_positions[cardinality(p_positions)]))
    FROM :schema.positions p;
END $$;

-- Returns the first command that has another outcome here, and writes nothing then. A count of 0 is a
-- decision without events, whose stream need not be there.
CREATE FUNCTION :schema.import_commands(
    p_categories text[], p_keys text[], p_ids uuid[], p_first bigint[], p_counts bigint[], p_rejected boolean[],
    p_body_hashes bigint[], p_recorded timestamptz[], p_names text[],
    OUT ordinal bigint, OUT name text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    SELECT w.ordinal, coalesce(d.name, o.name) INTO ordinal, name
    FROM unnest(p_categories, p_keys, p_ids, p_first, p_counts, p_rejected, p_body_hashes, p_names)
        WITH ORDINALITY AS w (category, key, id, first, count, rejected, body_hash, name, ordinal)
    JOIN :schema.categories c ON c.name = w.category COLLATE "C"
    LEFT JOIN :schema.decisions d ON d.category = c.id AND d.key = w.key COLLATE "C" AND d.command_id = w.id
    LEFT JOIN :schema.streams s ON s.category = c.id AND s.key = w.key COLLATE "C"
    LEFT JOIN :schema.commands o ON o.stream = s.id AND o.command_id = w.id
    WHERE d.command_id IS NOT NULL
          AND (d.revision, 0, d.rejected, d.body_hash, d.name) IS DISTINCT FROM (w.first, w.count, w.rejected, w.body_hash, w.name)
       OR o.command_id IS NOT NULL
          AND (o.first_revision, o.event_count, o.body_hash, o.name) IS DISTINCT FROM (w.first, w.count, w.body_hash, w.name)
    ORDER BY w.ordinal
    LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO :schema.decisions (category, key, command_id, revision, rejected, body_hash, recorded_at, name)
    SELECT c.id, w.key, w.id, w.first, w.rejected, w.body_hash, w.recorded_at, w.name
    FROM unnest(p_categories, p_keys, p_ids, p_first, p_counts, p_rejected, p_body_hashes, p_recorded, p_names)
        AS w (category, key, id, first, count, rejected, body_hash, recorded_at, name)
    JOIN :schema.categories c ON c.name = w.category COLLATE "C"
    WHERE w.count = 0
    ON CONFLICT DO NOTHING;
    INSERT INTO :schema.commands (stream, command_id, first_revision, event_count, body_hash, recorded_at, name)
    SELECT s.id, w.id, w.first, w.count, w.body_hash, w.recorded_at, w.name
    FROM unnest(p_categories, p_keys, p_ids, p_first, p_counts, p_body_hashes, p_recorded, p_names)
        AS w (category, key, id, first, count, body_hash, recorded_at, name)
    JOIN :schema.categories c ON c.name = w.category COLLATE "C"
    JOIN :schema.streams s ON s.category = c.id AND s.key = w.key COLLATE "C" AND s.revision >= w.first + w.count - 1
    WHERE w.count > 0
    ON CONFLICT DO NOTHING;
END $$;

-- Closes streams, those that are closed already included.
CREATE FUNCTION :schema.import_closed(p_categories text[], p_keys text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE :schema.streams s SET closed_at = clock_timestamp()
    FROM unnest(p_categories, p_keys) AS w (category, key)
    JOIN :schema.categories c ON c.name = w.category COLLATE "C"
    WHERE s.category = c.id AND s.key = w.key COLLATE "C" AND s.closed_at IS NULL;
$$;

DO $$
DECLARE
    v_function text;
BEGIN
    FOREACH v_function IN ARRAY ARRAY['import_names', 'import_events', 'import_commands', 'import_closed'] LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION :schema.%I FROM PUBLIC', v_function);
    END LOOP;
END $$;

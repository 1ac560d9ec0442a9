-- The rest of what runs with the owner's rights: names in full, and none that a reader could not read.

CREATE FUNCTION :schema.check_names(p_categories text[], p_events text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(p_categories) AS n WHERE octet_length(n) NOT BETWEEN 1 AND 255 OR n ~ E'[\u0001-\u001f\u007f-\u009f]') THEN
        RAISE EXCEPTION 'the name of a category has 1 to 255 bytes, and no control characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF '' = ANY (p_events) THEN
        RAISE EXCEPTION 'an event has a name' USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;
REVOKE ALL ON FUNCTION :schema.check_names FROM PUBLIC;

CREATE OR REPLACE FUNCTION :schema.register_names(p_categories text[], p_names text[], p_versions integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM :schema.check_names(p_categories, p_names);
    LOCK TABLE :schema.event_types, :schema.categories IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO :schema.categories (id, name)
    SELECT coalesce((SELECT max(id) FROM :schema.categories), 0) + row_number() OVER (ORDER BY wanted.name), wanted.name
    FROM (SELECT DISTINCT w.name FROM unnest(p_categories) AS w (name)) AS wanted
    WHERE NOT EXISTS (SELECT FROM :schema.categories c WHERE c.name = wanted.name);
    INSERT INTO :schema.event_types (id, name, version)
    SELECT coalesce((SELECT max(id) FROM :schema.event_types), 0) + row_number() OVER (ORDER BY wanted.name, wanted.version),
           wanted.name, wanted.version
    FROM (SELECT DISTINCT w.name, w.version FROM unnest(p_names, p_versions) AS w (name, version)) AS wanted
    WHERE NOT EXISTS (SELECT FROM :schema.event_types t WHERE t.name = wanted.name AND t.version = wanted.version);
END $$;

CREATE OR REPLACE FUNCTION :schema.rename_category(p_name text, p_was text[]) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_names text[] := p_was || p_name;
    v_ids integer[];
    v_known text[];
BEGIN
    PERFORM :schema.check_names(v_names, '{}');
    LOCK TABLE :schema.event_types, :schema.categories IN SHARE ROW EXCLUSIVE MODE;
    SELECT array_agg(k.id), array_agg(k.name) INTO v_ids, v_known
    FROM (SELECT c.id, min(c.name) AS name FROM :schema.categories c WHERE c.name = ANY (v_names) GROUP BY c.id) AS k;
    IF cardinality(v_ids) > 1 THEN
        RETURN v_known;
    END IF;
    IF v_ids IS NULL THEN
        v_ids := ARRAY[coalesce((SELECT max(c.id) FROM :schema.categories c), 0) + 1];
        INSERT INTO :schema.categories (name, id) VALUES (p_name, v_ids[1]);
    END IF;
    INSERT INTO :schema.categories (name, id, is_alias)
    SELECT DISTINCT w.name, v_ids[1], true
    FROM unnest(v_names) AS w (name)
    WHERE NOT EXISTS (SELECT FROM :schema.categories c WHERE c.name = w.name);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION :schema.is_absent(p_category integer, p_key text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET lock_timeout = '200ms' AS $$
DECLARE
    v_stream bigint;
BEGIN
    INSERT INTO :schema.streams AS s (category, key, revision, head_event_id)
    VALUES (p_category, p_key, 0, '00000000-0000-0000-0000-000000000000')
    ON CONFLICT (category, key) DO NOTHING
    RETURNING s.id INTO v_stream;
    IF v_stream IS NULL THEN
        RETURN false;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'ES004', MESSAGE = 'the stream is not there';
EXCEPTION
    WHEN SQLSTATE 'ES004' THEN RETURN true;
    WHEN lock_not_available THEN RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION :schema.remember(
    p_category integer, p_key text, p_revision bigint, p_head uuid,
    p_command uuid, p_command_name text, p_body_hash bigint, p_rejected boolean,
    OUT outcome text, OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_stream :schema.streams%ROWTYPE;
    v_absent boolean;
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;
    IF octet_length(p_key) NOT BETWEEN 1 AND 255 OR p_key ~ E'[\u0001-\u001f\u007f-\u009f]' THEN
        RAISE EXCEPTION 'a stream key has 1 to 255 bytes, and no control characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM :schema.categories c WHERE c.id = p_category AND NOT c.is_alias) THEN
        RAISE EXCEPTION 'no category has the id %', p_category USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- The row first: an append waits for the lock of the command id while it holds the row.
    SELECT * INTO v_stream FROM :schema.streams s WHERE s.category = p_category AND s.key = p_key FOR NO KEY UPDATE;
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(p_command, 0));
    SELECT 'repeated', d.revision, 0, d.body_hash INTO outcome, revision, event_count, body_hash
    FROM :schema.decisions d WHERE d.command_id = p_command AND d.category = p_category AND d.key = p_key;
    IF FOUND THEN
        RETURN;
    END IF;
    -- Written first, for the trigger above to see that there is one, and undone if the stream is another than
    -- it was.
    BEGIN
        INSERT INTO :schema.decisions (command_id, category, key, revision, rejected, body_hash, recorded_at, name)
        VALUES (p_command, p_category, p_key, p_revision, p_rejected, p_body_hash, clock_timestamp(), p_command_name);
        outcome := 'remembered';
        IF v_stream.id IS NULL THEN
            v_absent := :schema.is_absent(p_category, p_key);
            IF v_absent IS NULL THEN
                outcome := 'held';
            ELSIF NOT v_absent THEN
                -- It came only now, and is not the one that was decided on.
                outcome := 'conflict';
                SELECT * INTO v_stream FROM :schema.streams s WHERE s.category = p_category AND s.key = p_key;
            END IF;
        END IF;
        revision := coalesce(v_stream.revision, 0);
        IF outcome = 'remembered'
           AND (revision <> p_revision OR v_stream.head_event_id IS DISTINCT FROM coalesce(p_head, v_stream.head_event_id)) THEN
            outcome := 'conflict';
        END IF;
        IF EXISTS (SELECT FROM :schema.commands c WHERE c.stream = v_stream.id AND c.command_id = p_command) THEN
            SELECT 'repeated', c.first_revision, c.event_count, c.body_hash INTO outcome, revision, event_count, body_hash
            FROM :schema.commands c WHERE c.stream = v_stream.id AND c.command_id = p_command;
        END IF;
        IF outcome <> 'remembered' THEN
            RAISE EXCEPTION USING ERRCODE = 'ES004', MESSAGE = 'the decision is not remembered';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'ES004' THEN NULL;
    END;
END $$;

CREATE OR REPLACE FUNCTION :schema.watermark(OUT drawn bigint, OUT holders text[], OUT in_doubt boolean)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_before bigint;
BEGIN
    SELECT CASE WHEN p.is_called THEN p.last_value ELSE p.last_value - 1 END INTO drawn FROM :schema.positions p;
    FOR attempt IN 1 .. 4 LOOP
        v_before := drawn;
        SELECT CASE WHEN p.is_called THEN p.last_value ELSE p.last_value - 1 END INTO drawn FROM :schema.positions p;
        EXIT WHEN drawn = v_before;
    END LOOP;
    IF drawn <> v_before THEN
        drawn := greatest(least(drawn, v_before) - 32, 0);
    END IF;

    SELECT coalesce(array_agg(l.virtualtransaction), '{}'), coalesce(bool_or(l.pid IS NULL), false)
    INTO holders, in_doubt
    FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.relation = ':schema.positions'::regclass
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND l.mode = 'RowExclusiveLock' AND l.granted;
END $$;

-- Which stream is which is part of the history as well, and so is what a command came to. Statements that set
-- none of these columns, as an append does, do not come here; nor do those of a replication stream, which set
-- all.
CREATE TRIGGER never_renamed BEFORE UPDATE OF id, category, key, created_at ON :schema.streams
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.streams ENABLE ALWAYS TRIGGER never_renamed;

CREATE TRIGGER never_changed BEFORE UPDATE OF stream, command_id, first_revision, event_count, body_hash, name ON :schema.commands
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON :schema.commands
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.commands ENABLE ALWAYS TRIGGER never_changed, ENABLE ALWAYS TRIGGER never_truncated;

CREATE TRIGGER never_changed BEFORE UPDATE OF command_id, category, key, revision, rejected, body_hash, name ON :schema.decisions
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON :schema.decisions
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.decisions ENABLE ALWAYS TRIGGER never_changed, ENABLE ALWAYS TRIGGER never_truncated;

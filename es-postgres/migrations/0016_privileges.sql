-- Functions that run as their owner take every name from the system's catalogue or in full, so that nothing
-- in the store's schema or in the session of the caller can come between. Bodies are as before.

CREATE OR REPLACE FUNCTION :schema.register_names(p_categories text[], p_names text[], p_versions integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
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

CREATE OR REPLACE FUNCTION :schema.register_events(
    p_names text[], p_versions integer[], p_fingerprints bigint[], p_former boolean[])
    RETURNS TABLE (name text, version integer, registered bigint, found bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    LOCK TABLE :schema.event_types, :schema.categories IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY
        SELECT t.name, t.version, t.fingerprint, w.fingerprint
        FROM unnest(p_names, p_versions, p_fingerprints) AS w (name, version, fingerprint)
        JOIN :schema.event_types t ON t.name = w.name AND t.version = w.version AND t.fingerprint <> w.fingerprint
        ORDER BY t.name, t.version;
    IF FOUND THEN
        RETURN;
    END IF;
    PERFORM :schema.register_names('{}', array_agg(w.name), array_agg(w.version))
    FROM unnest(p_names, p_versions, p_former) AS w (name, version, former)
    WHERE NOT w.former;
    UPDATE :schema.event_types t SET fingerprint = w.fingerprint
    FROM unnest(p_names, p_versions, p_fingerprints) AS w (name, version, fingerprint)
    WHERE t.name = w.name AND t.version = w.version AND t.fingerprint IS NULL AND w.fingerprint IS NOT NULL;
END $$;

CREATE OR REPLACE FUNCTION :schema.rename_category(p_name text, p_was text[]) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_names text[] := p_was || p_name;
    v_ids integer[];
    v_known text[];
BEGIN
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

CREATE OR REPLACE FUNCTION :schema.close_stream(p_category text, p_key text, p_expected bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH closed AS (
        UPDATE :schema.streams s SET closed_at = coalesce(s.closed_at, clock_timestamp())
        WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = p_category)
          AND s.key = p_key AND s.revision = p_expected
        RETURNING 1)
    SELECT EXISTS (SELECT FROM closed)
$$;

CREATE OR REPLACE FUNCTION :schema.save_snapshot(
    p_category text, p_key text, p_fingerprint bigint, p_revision bigint, p_state json) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO :schema.snapshots AS kept (stream, fingerprint, revision, state)
    SELECT s.id, p_fingerprint, p_revision, p_state
    FROM :schema.streams s
    WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = p_category)
      AND s.key = p_key AND s.revision >= p_revision
    ON CONFLICT (stream, fingerprint) DO UPDATE
        SET revision = excluded.revision, state = excluded.state, saved_at = clock_timestamp()
        WHERE kept.revision < excluded.revision
$$;

CREATE OR REPLACE FUNCTION :schema.drop_snapshots(p_fingerprint bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH dropped AS (DELETE FROM :schema.snapshots s WHERE s.fingerprint = p_fingerprint RETURNING 1)
    SELECT count(*) FROM dropped
$$;

CREATE OR REPLACE FUNCTION :schema.prune_commands(p_before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH pruned AS (DELETE FROM :schema.commands c WHERE c.recorded_at < p_before RETURNING 1),
        forgotten AS (DELETE FROM :schema.decisions d WHERE d.recorded_at < p_before RETURNING 1)
    SELECT (SELECT count(*) FROM pruned) + (SELECT count(*) FROM forgotten)
$$;

-- What an event is called is part of the history: the owner changes it neither. Fingerprints may be set to
-- NULL.
CREATE TRIGGER never_renamed BEFORE UPDATE ON :schema.event_types
    FOR EACH ROW WHEN ((OLD.id, OLD.name, OLD.version) IS DISTINCT FROM (NEW.id, NEW.name, NEW.version))
    EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_renamed BEFORE UPDATE ON :schema.categories
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.event_types ENABLE ALWAYS TRIGGER never_renamed;
ALTER TABLE :schema.categories ENABLE ALWAYS TRIGGER never_renamed;

-- Each grant is looked at afterwards: one by somebody who may not give it is only a warning to the server.
CREATE OR REPLACE FUNCTION :schema.grant_reader(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Not the word that stands for everybody, either.
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = p_role) THEN
        RAISE EXCEPTION 'there is no role %, and rights in a store are given to roles only', quote_ident(p_role)
            USING ERRCODE = 'undefined_object';
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON SEQUENCE :schema.positions, :schema.streams_id_seq TO %I', p_role);
    IF NOT (has_table_privilege(p_role, ':schema.events', 'SELECT') AND has_sequence_privilege(p_role, ':schema.positions', 'SELECT')) THEN
        RAISE EXCEPTION 'role % may not grant rights in this store; its owner may', quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION :schema.grant_writer(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_function text;
BEGIN
    PERFORM :schema.grant_reader(p_role);
    FOREACH v_function IN ARRAY ARRAY['register_names', 'register_events', 'rename_category', 'append_one', 'append', 'append_all',
        'append_batch', 'close_stream', 'save_snapshot', 'drop_snapshots', 'prune_commands', 'remember']
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION :schema.%I TO %I', v_function, p_role);
    END LOOP;
    IF NOT has_function_privilege(p_role, ':schema.append_one'::regproc, 'EXECUTE') THEN
        RAISE EXCEPTION 'role % may not grant rights in this store; its owner may', quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION :schema.grant_projector(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM :schema.grant_reader(p_role);
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON :schema.checkpoints, :schema.dead_letters, :schema.projections TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION :schema.publish_tables TO %I', p_role);
    IF NOT has_table_privilege(p_role, ':schema.checkpoints', 'UPDATE') THEN
        RAISE EXCEPTION 'role % may not grant rights in this store; its owner may', quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT has_database_privilege(p_role, current_database(), 'CREATE') THEN
        BEGIN
            EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), p_role);
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;
        END;
        IF NOT has_database_privilege(p_role, current_database(), 'CREATE') THEN
            RAISE EXCEPTION 'role % may not let others create schemas; as the owner of the database, run GRANT CREATE ON DATABASE % TO %',
                quote_ident(current_user), quote_ident(current_database()), quote_ident(p_role)
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
END $$;

-- Who may read the one sequence reads the other too: a store that is opened looks at both.
DO $$
DECLARE
    v_grantee text;
BEGIN
    FOR v_grantee IN
        SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) AS a
        WHERE c.oid = ':schema.positions'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT SELECT ON SEQUENCE :schema.streams_id_seq TO %s', v_grantee);
    END LOOP;
END $$;

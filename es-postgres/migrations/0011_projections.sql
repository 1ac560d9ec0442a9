-- What projections keep beside their checkpoints: which build readers see, how fast and with what trouble
-- each partition runs.

CREATE TABLE :schema.projections (
    name text COLLATE "C" PRIMARY KEY,
    live integer
);

ALTER TABLE :schema.checkpoints
    ADD COLUMN projected  bigint NOT NULL DEFAULT 0,
    ADD COLUMN per_second double precision NOT NULL DEFAULT 0,
    ADD COLUMN error      text,
    ADD COLUMN failed_at  timestamptz;

-- Points the views that readers use to the tables of one build: a view for each table and view of the one
-- schema, in the other, by the same name. Runs in the caller's transaction and with the caller's rights. A
-- view whose columns stay keeps its privileges and what depends on it.
CREATE FUNCTION :schema.publish_tables(p_from name, p_to name) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_name name;
BEGIN
    FOR v_name IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = p_to AND c.relkind = 'v'
          AND NOT EXISTS (SELECT FROM pg_class t JOIN pg_namespace f ON f.oid = t.relnamespace
                          WHERE f.nspname = p_from AND t.relname = c.relname AND t.relkind IN ('r', 'p', 'v', 'm'))
    LOOP
        EXECUTE format('DROP VIEW %I.%I', p_to, v_name);
    END LOOP;
    FOR v_name IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = p_from AND c.relkind IN ('r', 'p', 'v', 'm')
    LOOP
        BEGIN
            EXECUTE format('CREATE OR REPLACE VIEW %I.%I AS SELECT * FROM %I.%I', p_to, v_name, p_from, v_name);
        EXCEPTION WHEN invalid_table_definition THEN
            EXECUTE format('DROP VIEW %I.%I', p_to, v_name);
            EXECUTE format('CREATE VIEW %I.%I AS SELECT * FROM %I.%I', p_to, v_name, p_from, v_name);
        END;
    END LOOP;
END $$;

-- A role that runs projections: it reads the store, keeps checkpoints and dead letters, and makes the schemas
-- of its projections. It cannot append.
CREATE FUNCTION :schema.grant_projector(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = :schema, pg_temp AS $$
BEGIN
    PERFORM grant_reader(p_role);
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON checkpoints, dead_letters, projections TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION publish_tables TO %I', p_role);
    EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), p_role);
END $$;
REVOKE ALL ON FUNCTION :schema.publish_tables, :schema.grant_projector FROM PUBLIC;

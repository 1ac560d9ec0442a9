-- Publishing a projection touches only the views that it made itself: those that show the table or view of
-- the same name in a schema of this projection's builds, and nothing else. Names are written in full, as this
-- runs with the rights of whoever calls it.
--
-- ES005: an object of that name is there, and is not ours; or the whole schema belongs to another store or
-- projection. ES006: a view has to be made anew, and something depends on it.
CREATE OR REPLACE FUNCTION :schema.publish_tables(p_from name, p_to name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_store text := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.oid = ':schema.checkpoints'::regclass);
    v_name name;
    v_kept boolean;
    v_ours boolean;
    v_detail text;
BEGIN
    IF to_regclass(format('%I.migrations', p_to)) IS NOT NULL AND to_regclass(format('%I.positions', p_to)) IS NOT NULL
       OR EXISTS (SELECT FROM :schema.checkpoints k WHERE p_to::text = v_store || '_' || k.projection || '_' || k.build) THEN
        RAISE EXCEPTION 'schema % belongs to another store or projection', quote_ident(p_to) USING ERRCODE = 'ES005', SCHEMA = p_to;
    END IF;
    FOR v_name, v_kept, v_ours IN
        SELECT coalesce(wanted.relname, shown.relname), wanted.relname IS NOT NULL, shown.ours
        FROM (SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = p_from AND c.relkind IN ('r', 'p', 'v', 'm')) AS wanted
        FULL JOIN (
            SELECT c.relname,
                   c.relkind = 'v' AND coalesce((
                       SELECT bool_and(t.relname = c.relname AND starts_with(f.nspname, p_to::text || '_')
                                       AND substr(f.nspname, length(p_to) + 2) ~ '^[0-9]+$')
                       FROM pg_rewrite r
                       JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                           AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
                       JOIN pg_class t ON t.oid = d.refobjid
                       JOIN pg_namespace f ON f.oid = t.relnamespace
                       WHERE r.ev_class = c.oid), false) AS ours
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = p_to) AS shown USING (relname)
        -- First what goes, then what comes.
        ORDER BY 2, 1
    LOOP
        IF v_kept AND NOT v_ours THEN
            RAISE EXCEPTION '%.% was not made by this projection', quote_ident(p_to), quote_ident(v_name)
                USING ERRCODE = 'ES005', SCHEMA = p_to, TABLE = v_name;
        END IF;
        BEGIN
            IF v_kept THEN
                BEGIN
                    EXECUTE format('CREATE OR REPLACE VIEW %I.%I AS SELECT * FROM %I.%I', p_to, v_name, p_from, v_name);
                EXCEPTION WHEN invalid_table_definition THEN
                    EXECUTE format('DROP VIEW %I.%I', p_to, v_name);
                    EXECUTE format('CREATE VIEW %I.%I AS SELECT * FROM %I.%I', p_to, v_name, p_from, v_name);
                END;
            ELSIF v_ours THEN
                EXECUTE format('DROP VIEW %I.%I', p_to, v_name);
            END IF;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
            RAISE EXCEPTION '%.% cannot be made anew', quote_ident(p_to), quote_ident(v_name)
                USING ERRCODE = 'ES006', SCHEMA = p_to, TABLE = v_name, DETAIL = v_detail;
        END;
    END LOOP;
END $$;

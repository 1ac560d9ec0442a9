-- Owner and writer. The role that ran the migrations owns everything. The role of the application may read, and append
-- through the functions; it can neither insert, update nor delete by itself.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA :schema FROM PUBLIC;

CREATE FUNCTION :schema.grant_writer(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = :schema, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON SEQUENCE positions TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION register_names, register_events, rename_category, append_one, append, append_all, append_batch, '
        || 'close_stream, save_snapshot, drop_snapshots, prune_commands TO %I', p_role);
END $$;
REVOKE ALL ON FUNCTION :schema.grant_writer FROM PUBLIC;

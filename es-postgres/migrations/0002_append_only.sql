-- Refuses every change of what was written. Privileges come first (see 0009); these triggers stop the owner of the
-- tables too, also in a session that replays a replication stream.

CREATE FUNCTION :schema.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: history is only ever appended to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'ES001', HINT = 'Append an event that corrects the earlier one.';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON :schema.events
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON :schema.events
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.events ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE :schema.events ENABLE ALWAYS TRIGGER never_truncated;

-- Events say their type, stream and category by these rows.
CREATE TRIGGER never_deleted BEFORE DELETE ON :schema.streams
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON :schema.streams
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.streams ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE :schema.streams ENABLE ALWAYS TRIGGER never_truncated;

CREATE TRIGGER never_deleted BEFORE DELETE ON :schema.event_types
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON :schema.event_types
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.event_types ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE :schema.event_types ENABLE ALWAYS TRIGGER never_truncated;

CREATE TRIGGER never_deleted BEFORE DELETE ON :schema.categories
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON :schema.categories
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.categories ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE :schema.categories ENABLE ALWAYS TRIGGER never_truncated;

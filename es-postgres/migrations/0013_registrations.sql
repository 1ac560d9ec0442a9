-- Which history of the database a program's names are of. A program keeps names and their ids in memory.
-- After a failover that lost the newest names, or a restore, the ids can stand for others; so each statement
-- that uses them asks for the token of the last registration that the program has read. Rows are only ever
-- appended, one after the other. While the token is here, all that was registered before is here too,
-- whatever has come since.
CREATE TABLE :schema.registrations (
    id            bigint PRIMARY KEY,
    token         uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION :schema.registered() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM added) THEN
        INSERT INTO :schema.registrations (id) SELECT coalesce(max(r.id), 0) + 1 FROM :schema.registrations r;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION :schema.registered FROM PUBLIC;

CREATE TRIGGER registered AFTER INSERT ON :schema.categories REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.registered();
CREATE TRIGGER registered AFTER INSERT ON :schema.event_types REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.registered();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON :schema.registrations
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON :schema.registrations
    FOR EACH STATEMENT EXECUTE FUNCTION :schema.refuse_change();
ALTER TABLE :schema.registrations ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE :schema.registrations ENABLE ALWAYS TRIGGER never_truncated;

-- The names of before.
INSERT INTO :schema.registrations (id) VALUES (1);

-- Whoever could read the names can read this.
DO $$
DECLARE
    v_grant text;
BEGIN
    FOR v_grant IN
        SELECT format('GRANT SELECT ON :schema.registrations TO %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
        FROM pg_class c, aclexplode(c.relacl) AS a
        WHERE c.oid = ':schema.event_types'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    LOOP
        EXECUTE v_grant;
    END LOOP;
END $$;

-- The statements that a privileged role has to run before the current role can publish the tables of the
-- schema $2 as views in the schema $1: they transfer the views that this projection already has there, and
-- grant reading what those show. Null if it can. With $3 it has to own the schema; with $4 ownership is
-- transferred in any case.
WITH handed AS (
    SELECT DISTINCT c.relname, f.oid AS shows
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
    JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
    JOIN pg_catalog.pg_namespace f ON f.oid = t.relnamespace
    WHERE n.nspname = $1 AND c.relkind = 'v' AND t.relname = c.relname AND NOT pg_has_role(c.relowner, 'USAGE')
      AND starts_with(f.nspname, $1 || '_') AND substr(f.nspname, length($1) + 2) ~ '^[0-9]+$'
), readable AS (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
    WHERE NOT $3 AND (n.nspname = $2 OR n.oid IN (SELECT h.shows FROM handed h))
), needed (place, statement) AS (
    SELECT 1, format('GRANT USAGE ON SCHEMA %I TO %I', s.nspname, current_user)
    FROM readable s WHERE NOT has_schema_privilege(s.oid, 'USAGE')
    UNION ALL
    SELECT 2, format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', s.nspname, current_user)
    FROM readable s
    WHERE EXISTS (SELECT FROM pg_catalog.pg_class t WHERE t.relnamespace = s.oid AND t.relkind IN ('r', 'p', 'v', 'm')
                  AND NOT has_table_privilege(t.oid, 'SELECT'))
    UNION ALL
    SELECT 3, format('ALTER SCHEMA %I OWNER TO %I', n.nspname, current_user)
    FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner
    WHERE n.nspname = $1 AND ($4 OR NOT pg_has_role(n.nspowner, 'USAGE')
                              AND ($3 OR NOT (o.rolsuper AND has_schema_privilege(n.oid, 'CREATE'))))
    UNION ALL
    SELECT DISTINCT 4, format('ALTER VIEW %I.%I OWNER TO %I', $1, h.relname, current_user) FROM handed h WHERE NOT $3
)
SELECT string_agg(n.statement, '; ' ORDER BY n.place, n.statement) FROM needed n

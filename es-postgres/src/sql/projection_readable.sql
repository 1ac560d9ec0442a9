-- The missing grants that the owners of views in the schema $1 need to read the tables of the schema $2. Null
-- if none is missing.
WITH shown AS (
    SELECT DISTINCT o.rolname, t.relname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    JOIN pg_catalog.pg_class t ON t.relname = c.relname AND t.relkind IN ('r', 'p', 'v', 'm')
    JOIN pg_catalog.pg_namespace f ON f.oid = t.relnamespace
    WHERE n.nspname = $1 AND c.relkind = 'v' AND f.nspname = $2
      AND NOT (has_schema_privilege(c.relowner, f.oid, 'USAGE') AND has_table_privilege(c.relowner, t.oid, 'SELECT'))
)
SELECT string_agg(format('GRANT USAGE ON SCHEMA %I TO %I; GRANT SELECT ON %I.%I TO %I', $2, s.rolname, $2, s.relname, s.rolname), '; ')
FROM shown s

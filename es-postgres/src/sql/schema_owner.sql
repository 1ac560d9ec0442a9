-- The owner of the schema $1, or of the store in it, an untrusted one first; whether it is trusted: the
-- current role has its privileges, or it is a superuser; whether the schema is empty. Returns no row if there
-- is no such schema.
WITH RECURSIVE mine AS (
    SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
    UNION
    SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN mine ON mine.oid = m.member
)
SELECT owner.rolname::text AS owner,
       NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = n.oid) AS empty,
       owner.rolsuper OR owner.oid IN (SELECT mine.oid FROM mine) AS trusted
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_class store ON store.relnamespace = n.oid AND store.relname = 'migrations'
CROSS JOIN LATERAL (VALUES (n.nspowner), (coalesce(store.relowner, n.nspowner))) AS k (oid)
JOIN pg_catalog.pg_roles k_owner ON k_owner.oid = k.oid
-- The owner of the database has the privileges of pg_database_owner.
JOIN pg_catalog.pg_roles owner ON owner.oid = CASE k_owner.rolname WHEN 'pg_database_owner'
    THEN (SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = current_database()) ELSE k.oid END
WHERE n.nspname = $1
ORDER BY trusted
LIMIT 1

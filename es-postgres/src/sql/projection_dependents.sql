-- Objects outside the schema $1 that depend on its tables: views, and tables with foreign keys.
SELECT DISTINCT pg_describe_object('pg_class'::regclass, outside.oid, 0) AS object
FROM (SELECT r.ev_class AS oid, d.refobjid
      FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
      UNION ALL
      SELECT k.conrelid, k.confrelid FROM pg_constraint k WHERE k.contype = 'f') AS used
JOIN pg_class inside ON inside.oid = used.refobjid
JOIN pg_class outside ON outside.oid = used.oid
JOIN pg_namespace n ON n.oid = inside.relnamespace
WHERE n.nspname = $1 AND outside.relnamespace <> n.oid
ORDER BY object

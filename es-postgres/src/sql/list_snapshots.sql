SELECT c.name AS category, k.fingerprint, k.snapshots, k.bytes, k.newest
FROM (SELECT s.category, n.fingerprint, count(*) AS snapshots, sum(pg_column_size(n.state))::bigint AS bytes,
             max(n.saved_at) AS newest
      FROM :schema.snapshots n
      JOIN :schema.streams s ON s.id = n.stream
      GROUP BY s.category, n.fingerprint) AS k
JOIN :schema.categories c ON c.id = k.category AND NOT c.is_alias
ORDER BY category, k.newest DESC, k.fingerprint

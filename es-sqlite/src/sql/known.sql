-- The names that writers need, and the next numbers.
SELECT 0 AS kind, name, category AS number, NULL AS version, NULL AS fingerprint FROM category_names
UNION ALL
SELECT 1, name, id, version, fingerprint FROM event_types
UNION ALL
SELECT 2, name, id, NULL, NULL FROM command_names
UNION ALL
SELECT 3, NULL, coalesce((SELECT max(id) FROM streams), 0), NULL, NULL
UNION ALL
SELECT 4, NULL, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0), NULL, NULL

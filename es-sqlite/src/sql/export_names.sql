-- Each name of each category, starting with its first, and then the event types: 0 or 1, id, name, version,
-- fingerprint.
SELECT 0 AS kind, n.category AS id, n.name, c.name <> n.name AS version, NULL AS fingerprint
FROM category_names AS n
JOIN categories AS c ON c.id = n.category
UNION ALL
SELECT 1, t.id, t.name, t.version, t.fingerprint FROM event_types AS t
ORDER BY kind, id, version

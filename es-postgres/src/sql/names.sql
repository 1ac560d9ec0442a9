SELECT 'category' AS kind, id, name, 0 AS version, NULL::bigint AS fingerprint FROM :schema.categories
UNION ALL
SELECT 'event type', id, name, version, fingerprint FROM :schema.event_types
ORDER BY kind, id

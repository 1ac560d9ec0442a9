SELECT 'category' AS kind, id, name, 0 AS version FROM :schema.categories
UNION ALL
SELECT 'event type', id, name, version FROM :schema.event_types
ORDER BY kind, id

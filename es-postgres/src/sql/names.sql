-- The version of a category is 1 for a name that is not its first.
SELECT 'category' AS kind, id, name, is_alias::integer AS version, NULL::bigint AS fingerprint FROM :schema.categories
UNION ALL
SELECT 'event type', id, name, version, fingerprint FROM :schema.event_types
ORDER BY kind, id

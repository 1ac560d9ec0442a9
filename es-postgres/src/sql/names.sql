-- The version of a category is 1 for a name that is not its first. The token identifies the history that
-- these names belong to; its row has an address.
SELECT 'category' AS kind, id, name, is_alias::integer AS version, NULL::bigint AS fingerprint, NULL::text AS address FROM :schema.categories
UNION ALL
SELECT 'event type', id, name, version, fingerprint, NULL FROM :schema.event_types
UNION ALL
(SELECT 'token', 0, token::text, 0, NULL, ctid::text FROM :schema.registrations ORDER BY id DESC LIMIT 1)
ORDER BY kind, id

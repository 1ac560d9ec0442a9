-- Streams by their ids, and the identity of their tables.
SELECT s.id, s.category, s.key, (SELECT pg_postmaster_start_time()) AS since,
       (SELECT to_json(pg_relation_filepath(':schema.events'::regclass))) AS file
FROM :schema.streams s
WHERE s.id = ANY ($1)

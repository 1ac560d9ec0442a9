-- How far the store can be read on a server that may be a standby: the last position in the snapshot of this
-- statement, the oldest transaction that is running in it, and the next transaction id (minus 3), read after
-- the snapshot was taken. Later statements of the same transaction get the same next transaction id.
SELECT coalesce((SELECT e.position FROM :schema.events e ORDER BY e.position DESC LIMIT 1), 0) AS last,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
       age('3'::xid) AS next,
       pg_is_in_recovery() AS in_recovery

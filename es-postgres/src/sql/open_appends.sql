-- The transactions that have drawn a position and are still open, the oldest first. A prepared one is found
-- by its other lock, on its own transaction id; if two share a local number, each is listed with the names of
-- both.
SELECT l.pid, p.gid AS prepared, a.application_name, a.state,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared))::float8 AS seconds
FROM pg_locks l
LEFT JOIN pg_stat_get_activity(l.pid) a ON l.pid IS NOT NULL AND a.pid = l.pid
LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid'
    AND x.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
WHERE l.locktype = 'relation' AND l.relation = ':schema.positions'::regclass
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  AND l.mode = 'RowExclusiveLock' AND l.granted
ORDER BY seconds DESC NULLS LAST

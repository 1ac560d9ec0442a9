-- The sessions that block a session, each once; the age of a transaction is visible only to roles that may
-- see it.
SELECT DISTINCT b.pid, a.application_name,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
FROM unnest(pg_blocking_pids($1)) b (pid)
LEFT JOIN LATERAL (
    SELECT s.application_name, s.xact_start FROM pg_stat_get_activity(b.pid) s WHERE b.pid > 0
) a ON true
ORDER BY seconds DESC NULLS LAST

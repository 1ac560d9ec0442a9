-- False if the backend has been idle for $3 seconds, in a transaction or not: it did not receive the call.
SELECT EXISTS (
    SELECT FROM pg_stat_get_activity($1) a
    WHERE a.pid = $1 AND (a.backend_start = $2 OR a.backend_start IS NULL)
      AND NOT coalesce(
          a.state LIKE 'idle%' AND a.state_change < clock_timestamp() - make_interval(secs => $3), false
      )
)

-- Not one that has waited for its client for so long, within a transaction or not: it knows nothing of what
-- it is to do.
SELECT EXISTS (
    SELECT FROM pg_stat_get_activity($1) a
    WHERE a.pid = $1 AND (a.backend_start = $2 OR a.backend_start IS NULL)
      AND NOT coalesce(
          a.state LIKE 'idle%' AND a.state_change < clock_timestamp() - make_interval(secs => $3), false
      )
)

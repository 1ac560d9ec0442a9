SELECT EXISTS (SELECT FROM pg_stat_get_activity($1) a WHERE a.pid = $1 AND (a.backend_start = $2 OR a.backend_start IS NULL))

-- Only while it waits for its client: then it is executing nothing, and what it has done is final.
SELECT pg_terminate_backend(a.pid) FROM pg_stat_get_activity($1) a
WHERE a.pid = $1 AND a.backend_start = $2 AND a.wait_event_type = 'Client'

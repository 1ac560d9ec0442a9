-- Sets search_path, the token of the transaction, and the lock timeout in milliseconds, if it was longer;
-- returns the previous search_path and lock timeout.
SELECT w.path, w.lock_timeout, set_config('search_path', $1, true) AS set_path,
       set_config('es.transaction', $2, true) AS set_transaction,
       set_config('lock_timeout', CASE
           WHEN w.lock_timeout::interval > '0' AND w.lock_timeout::interval < make_interval(secs => $3::bigint / 1000.0)
           THEN w.lock_timeout ELSE $3::bigint::text END, true) AS set_lock_timeout
FROM (SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS lock_timeout OFFSET 0) AS w

-- Restores what `search_path.sql` returned, in the transaction with the token $2.
SELECT :schema.same_transaction($2), set_config('search_path', $1, true) AS set_path,
       set_config('lock_timeout', $3, true) AS set_lock_timeout

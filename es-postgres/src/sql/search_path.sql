-- Sets the schemas in which names are looked up and the token of the transaction, for the rest of it, and
-- gives back which the schemas were.
SELECT w.was, set_config('search_path', $1, true), set_config('es.transaction', $2, true)
FROM (SELECT current_setting('search_path') AS was OFFSET 0) AS w

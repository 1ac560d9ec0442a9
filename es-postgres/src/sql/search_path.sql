-- Sets the schemas in which names are looked up, for the rest of the transaction, and gives back which they were.
SELECT w.was, set_config('search_path', $1, true) FROM (SELECT current_setting('search_path') AS was OFFSET 0) AS w

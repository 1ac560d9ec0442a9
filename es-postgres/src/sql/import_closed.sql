SELECT :schema.import_closed($1, $2) IS NULL

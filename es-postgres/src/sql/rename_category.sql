SELECT :schema.rename_category($1, $2)

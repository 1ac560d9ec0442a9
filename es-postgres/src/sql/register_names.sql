SELECT :schema.register_names($1, $2, $3)

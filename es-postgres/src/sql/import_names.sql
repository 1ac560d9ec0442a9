SELECT name, other, version, registered, found FROM :schema.import_names($1, $2, $3, $4, $5)

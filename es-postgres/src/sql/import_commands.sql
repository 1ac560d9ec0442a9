SELECT ordinal, name FROM :schema.import_commands($1, $2, $3, $4, $5, $6, $7, $8, $9)

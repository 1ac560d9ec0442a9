SELECT name, version, registered, found FROM :schema.register_events($1, $2, $3, $4)

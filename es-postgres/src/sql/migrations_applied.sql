SELECT m.id, m.checksum FROM :schema.migrations m ORDER BY m.id

SELECT name, version, id FROM event_types ORDER BY id

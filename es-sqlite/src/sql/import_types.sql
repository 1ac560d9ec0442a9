SELECT name, version, id FROM event_types

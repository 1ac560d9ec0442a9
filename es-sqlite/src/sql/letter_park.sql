INSERT INTO es_dead_letters (position, category, key, revision, event, attempts, reason, parked_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(unixepoch('subsec') * 1000000 AS INTEGER))

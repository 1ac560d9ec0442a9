INSERT INTO es_checkpoints (partition, partitions, position, event_id, projected, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, CAST(unixepoch('subsec') * 1000000 AS INTEGER))

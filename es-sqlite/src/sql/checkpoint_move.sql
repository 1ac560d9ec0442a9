UPDATE es_checkpoints
SET position = ?2, event_id = ?3, projected = projected + ?4,
    updated_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
WHERE partition = ?1

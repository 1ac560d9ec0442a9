-- Stores the error of worker ?5, if the checkpoint is still where the worker was.
UPDATE es_checkpoints
SET error = ?4, failed_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER), owner = ?5
WHERE partition = ?1 AND position = ?2 AND event_id IS ?3

DELETE FROM es_checkpoints

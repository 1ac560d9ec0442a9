SELECT position, event_id, projected FROM es_checkpoints ORDER BY partition

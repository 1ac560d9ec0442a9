SELECT min(position) FROM es_checkpoints

SELECT position, event_id, partitions FROM es_checkpoints WHERE partition = ?1

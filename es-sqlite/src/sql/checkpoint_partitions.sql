SELECT partitions FROM es_checkpoints LIMIT 1

SELECT DISTINCT category, key FROM es_dead_letters

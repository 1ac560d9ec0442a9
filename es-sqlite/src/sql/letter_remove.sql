DELETE FROM es_dead_letters WHERE position = ?1

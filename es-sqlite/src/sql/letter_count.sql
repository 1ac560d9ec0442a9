SELECT count(*) FROM es_dead_letters WHERE category = ?1 AND key = ?2

UPDATE es_dead_letters SET attempts = attempts + 1, reason = ?2 WHERE position = ?1

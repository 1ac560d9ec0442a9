SELECT position, category, key, revision, event, attempts, reason, parked_at
FROM es_dead_letters
WHERE position > ?1
ORDER BY position
LIMIT ?2

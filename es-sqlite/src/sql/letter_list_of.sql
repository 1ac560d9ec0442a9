SELECT revision, position
FROM es_dead_letters
WHERE category = ?1 AND key = ?2 AND revision > ?3
ORDER BY revision
LIMIT ?4

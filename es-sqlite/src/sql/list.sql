SELECT s.key, s.closed, (SELECT max(e.revision) FROM events AS e WHERE e.stream = s.id) AS revision
FROM category_names AS n
JOIN streams AS s ON s.category = n.category
WHERE n.name = ?1
    AND s.key >= ?2
    AND (?3 IS NULL OR s.key < ?3)
    AND (?4 IS NULL OR s.key > ?4)
    AND EXISTS (SELECT 1 FROM events AS e WHERE e.stream = s.id)
ORDER BY s.key
LIMIT ?5

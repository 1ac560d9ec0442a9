-- In the order of their numbers, after the stream ?1, ?2, or from the first one.
SELECT c.name AS category, s.key
FROM streams AS s
JOIN categories AS c ON c.id = s.category
WHERE s.closed = 1
    AND s.id > coalesce((
        SELECT a.id
        FROM category_names AS m
        JOIN streams AS a ON a.category = m.category
        WHERE m.name = ?1 AND a.key = ?2
    ), 0)
ORDER BY s.id
LIMIT ?3

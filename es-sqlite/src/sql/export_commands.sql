-- In the order of the primary key, after the command ?3 of the stream ?1, ?2, or from the first one.
SELECT
    c.name AS category, s.key, o.id, o.first, o.count, o.rejected, o.body_hash, n.name, o.recorded_at
FROM commands AS o
JOIN streams AS s ON s.id = o.stream
JOIN categories AS c ON c.id = s.category
LEFT JOIN command_names AS n ON n.id = o.name
WHERE ?3 IS NULL
    OR (o.stream, o.id) > (
        (
            SELECT a.id
            FROM category_names AS m
            JOIN streams AS a ON a.category = m.category
            WHERE m.name = ?1 AND a.key = ?2
        ),
        ?3
    )
ORDER BY o.stream, o.id
LIMIT ?4

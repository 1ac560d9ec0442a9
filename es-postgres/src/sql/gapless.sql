-- The position up to which there is no gap after $1; null if the next position is missing. Looks at $2
-- positions at most.
SELECT max(n.position) AS whole
FROM (
    SELECT e.position, row_number() OVER (ORDER BY e.position) AS ordinal
    FROM (SELECT o.position FROM :schema.events o WHERE o.position > $1 ORDER BY o.position LIMIT $2) AS e
) AS n
WHERE n.position = $1 + n.ordinal

-- Keys are sorted by their bytes, so those with the prefix $4 are between it and the largest key with that
-- prefix.
SELECT s.key, s.revision, s.closed_at IS NOT NULL AS closed
FROM :schema.streams s
WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1)
  AND s.key > $2 AND s.key >= $4 AND s.key <= $4 || repeat(chr(1114111), 64) AND starts_with(s.key, $4)
ORDER BY s.key
LIMIT $3

-- The category of each stream of a list of [name, key], its number and its last revision, if they exist.
SELECT
    w.key AS item, n.category, s.id,
    (SELECT max(e.revision) FROM events AS e WHERE e.stream = s.id) AS revision
FROM json_each(?1) AS w
LEFT JOIN category_names AS n ON n.name = w.value ->> 0
LEFT JOIN streams AS s ON s.category = n.category AND s.key = w.value ->> 1
ORDER BY w.key

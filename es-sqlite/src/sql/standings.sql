-- The state of each stream in a list of [category, key, command id], and the outcome of the command in the
-- command ledger.
SELECT
    w.key AS item,
    s.id AS stream,
    s.closed,
    e.revision,
    e.id AS event_id,
    c.first,
    c.count,
    c.rejected,
    c.body_hash,
    n.name AS command_name
FROM json_each(?1) AS w
JOIN streams AS s ON s.category = w.value ->> 0 AND s.key = w.value ->> 1
LEFT JOIN events AS e
    ON e.stream = s.id AND e.revision = (SELECT max(l.revision) FROM events AS l WHERE l.stream = s.id)
LEFT JOIN commands AS c ON c.stream = s.id AND c.id = unhex(w.value ->> 2)
LEFT JOIN command_names AS n ON n.id = c.name

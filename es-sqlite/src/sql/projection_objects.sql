-- The objects in a file. Virtual tables come first, as dropping them drops their own tables.
SELECT type, name
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY type = 'view' DESC, sql LIKE 'CREATE VIRTUAL%' DESC

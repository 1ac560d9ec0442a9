-- Streams whose revisions are not 1, 2, 3 …, and command ledger entries and snapshots of events that do not
-- exist.
SELECT 'stream ' || stream || ' has ' || count(*) || ' events, and its last revision is ' || max(revision)
FROM events
GROUP BY stream
HAVING count(*) <> max(revision)
UNION ALL
SELECT 'the ledger of stream ' || c.stream || ' has a command with events after its last revision'
FROM commands AS c
WHERE c.count > 0
    AND c.first + c.count - 1 > coalesce((SELECT max(e.revision) FROM events AS e WHERE e.stream = c.stream), 0)
UNION ALL
SELECT 'the snapshot of stream ' || p.stream || ' at revision ' || p.revision || ' is of an event that is not there'
FROM snapshots AS p
WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.stream = p.stream AND e.revision = p.revision)
LIMIT 100

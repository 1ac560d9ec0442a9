-- Only for a stream that contains the event, and only if there is no newer snapshot.
INSERT INTO snapshots (stream, fingerprint, revision, state, checksum)
SELECT s.id, ?3, ?4, ?5, ?6
FROM category_names AS n
JOIN streams AS s ON s.category = n.category
WHERE n.name = ?1 AND s.key = ?2
    AND EXISTS (
        SELECT 1 FROM events AS e WHERE e.stream = s.id AND e.revision = ?4 AND (?7 IS NULL OR e.id = ?7)
    )
ON CONFLICT (stream, fingerprint) DO UPDATE
SET revision = excluded.revision, state = excluded.state, checksum = excluded.checksum
WHERE excluded.revision > snapshots.revision

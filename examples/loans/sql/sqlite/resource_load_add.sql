-- Adds the counts of a batch to those of each resource and month.
INSERT INTO resource_load AS l (resource, month, started, completed)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
ON CONFLICT (resource, month) DO UPDATE SET
    started   = l.started + excluded.started,
    completed = l.completed + excluded.completed

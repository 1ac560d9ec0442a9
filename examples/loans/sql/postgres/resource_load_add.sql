-- Adds the counts of a batch to those of each resource and month.
INSERT INTO resource_load AS l (resource, month, started, completed)
SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[])
ON CONFLICT (resource, month) DO UPDATE SET
    started   = l.started + excluded.started,
    completed = l.completed + excluded.completed

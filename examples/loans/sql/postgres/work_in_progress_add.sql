-- Adds the counts of a batch to those of each day and work item.
INSERT INTO work_by_day AS d (day, item, scheduled, started, completed, waiting, in_progress)
SELECT * FROM unnest($1::date[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
ON CONFLICT (day, item) DO UPDATE SET
    scheduled   = d.scheduled + excluded.scheduled,
    started     = d.started + excluded.started,
    completed   = d.completed + excluded.completed,
    waiting     = d.waiting + excluded.waiting,
    in_progress = d.in_progress + excluded.in_progress

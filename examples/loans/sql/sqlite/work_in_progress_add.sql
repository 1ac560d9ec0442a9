-- Adds the counts of a batch to those of each day and work item.
INSERT INTO work_by_day AS d (day, item, scheduled, started, completed, waiting, in_progress)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?1)
WHERE true
ON CONFLICT (day, item) DO UPDATE SET
    scheduled   = d.scheduled + excluded.scheduled,
    started     = d.started + excluded.started,
    completed   = d.completed + excluded.completed,
    waiting     = d.waiting + excluded.waiting,
    in_progress = d.in_progress + excluded.in_progress

INSERT INTO open_work (application, item, waiting, in_progress)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE value ->> 2 OR value ->> 3 > 0
ON CONFLICT (application, item) DO UPDATE SET waiting = excluded.waiting, in_progress = excluded.in_progress

INSERT INTO open_work (application, item, waiting, in_progress)
SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[]) AS open (application, item, waiting, in_progress)
WHERE waiting OR in_progress > 0
ON CONFLICT (application, item) DO UPDATE SET waiting = excluded.waiting, in_progress = excluded.in_progress

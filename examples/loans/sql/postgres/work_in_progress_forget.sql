DELETE FROM open_work w
USING unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[]) AS done (application, item, waiting, in_progress)
WHERE w.application = done.application AND w.item = done.item AND NOT done.waiting AND done.in_progress = 0

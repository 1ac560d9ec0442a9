SELECT day, item, scheduled, started, completed, waiting, in_progress
FROM es_work_in_progress.work_by_day
ORDER BY day, item

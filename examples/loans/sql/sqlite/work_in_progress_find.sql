-- Which of the work items of a batch are open; `row` counts the pairs of application and item from 1.
SELECT wanted.key + 1 AS row, w.waiting, w.in_progress
FROM json_each(?1) AS wanted
JOIN open_work w ON w.application = wanted.value ->> 0 AND w.item = wanted.value ->> 1
ORDER BY wanted.key

-- Which of the work items of a batch are open; `row` counts the pairs of application and item from 1.
SELECT wanted.row, w.waiting, w.in_progress
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (application, item, row)
JOIN open_work w ON w.application = wanted.application AND w.item = wanted.item
ORDER BY wanted.row

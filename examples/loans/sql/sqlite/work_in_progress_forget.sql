DELETE FROM open_work
WHERE (application, item) IN (
    SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE NOT value ->> 2 AND value ->> 3 = 0
)

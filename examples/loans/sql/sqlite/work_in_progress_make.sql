-- What waits or is in progress now; a work item that is neither has no row.
CREATE TABLE open_work (
    application TEXT NOT NULL,
    item        TEXT NOT NULL,
    waiting     INTEGER NOT NULL CHECK (waiting IN (0, 1)),
    in_progress INTEGER NOT NULL,
    PRIMARY KEY (application, item)
) STRICT, WITHOUT ROWID;

-- What was done on each day, and by how much the numbers of waiting and of running work items have changed.
CREATE TABLE work_by_day (
    day         TEXT NOT NULL,
    item        TEXT NOT NULL,
    scheduled   INTEGER NOT NULL,
    started     INTEGER NOT NULL,
    completed   INTEGER NOT NULL,
    waiting     INTEGER NOT NULL,
    in_progress INTEGER NOT NULL,
    PRIMARY KEY (day, item)
) STRICT, WITHOUT ROWID;

CREATE VIEW work_now AS
SELECT item, sum(waiting) AS waiting, sum(in_progress) AS in_progress, sum(scheduled) AS scheduled,
       sum(started) AS started, sum(completed) AS completed
FROM work_by_day
GROUP BY item

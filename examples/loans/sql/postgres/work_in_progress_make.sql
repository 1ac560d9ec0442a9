-- What waits or is in progress now; a work item that is neither has no row.
CREATE TABLE open_work (
    application text COLLATE "C" NOT NULL,
    item        text COLLATE "C" NOT NULL,
    waiting     boolean NOT NULL,
    in_progress integer NOT NULL,
    PRIMARY KEY (application, item)
);

-- What was done on each day, and by how much the numbers of waiting and of running work items have changed.
CREATE TABLE work_by_day (
    day         date NOT NULL,
    item        text COLLATE "C" NOT NULL,
    scheduled   bigint NOT NULL,
    started     bigint NOT NULL,
    completed   bigint NOT NULL,
    waiting     bigint NOT NULL,
    in_progress bigint NOT NULL,
    PRIMARY KEY (day, item)
);

CREATE VIEW work_now AS
SELECT item, sum(waiting)::bigint AS waiting, sum(in_progress)::bigint AS in_progress, sum(scheduled)::bigint AS scheduled,
       sum(started)::bigint AS started, sum(completed)::bigint AS completed
FROM work_by_day
GROUP BY item

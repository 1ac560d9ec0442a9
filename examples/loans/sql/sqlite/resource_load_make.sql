-- One row a resource and month. An empty name stands for work of which nobody knows who did it; no resource
-- has it.
CREATE TABLE resource_load (
    resource  TEXT NOT NULL,
    month     TEXT NOT NULL,
    started   INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    PRIMARY KEY (resource, month)
) STRICT, WITHOUT ROWID

-- One row a month, so that no reader has to count.
CREATE TABLE outcomes_by_month (
    month     TEXT PRIMARY KEY,
    submitted INTEGER NOT NULL,
    approved  INTEGER NOT NULL,
    declined  INTEGER NOT NULL,
    cancelled INTEGER NOT NULL
) STRICT, WITHOUT ROWID

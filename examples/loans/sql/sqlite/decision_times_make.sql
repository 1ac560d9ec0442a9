-- One row an application, as a median needs them all. Times are microseconds since 1970.
CREATE TABLE decision_times (
    application  TEXT PRIMARY KEY,
    submitted_at INTEGER NOT NULL,
    decided_at   INTEGER,
    outcome      TEXT,
    hours        REAL GENERATED ALWAYS AS ((decided_at - submitted_at) / 1000000.0 / 3600) STORED
) STRICT, WITHOUT ROWID

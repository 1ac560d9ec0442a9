-- One row for each message, so that a repeated message is recognized; and the figures, updated in the same
-- transaction.
CREATE TABLE IF NOT EXISTS notices (
    application TEXT NOT NULL,
    message     BLOB NOT NULL,
    outcome     TEXT NOT NULL,
    cents       INTEGER NOT NULL,
    occurred_at TEXT NOT NULL,
    PRIMARY KEY (application, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS outcomes (
    outcome      TEXT PRIMARY KEY,
    applications INTEGER NOT NULL,
    cents        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

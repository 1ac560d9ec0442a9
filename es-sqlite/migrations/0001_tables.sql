-- Which file this is. A copy has the same token.
CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    token BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

INSERT INTO store (one, token, created_at)
VALUES (1, randomblob(16), CAST(unixepoch('subsec') * 1000000 AS INTEGER));

CREATE TABLE migrations (
    number INTEGER PRIMARY KEY,
    checksum INTEGER NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;

-- A category under the first name that it had here.
CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

-- Several names may mean one category.
CREATE TABLE category_names (
    name TEXT NOT NULL PRIMARY KEY,
    category INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event_types (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    -- Of the shape of the payload, once it is known.
    fingerprint INTEGER,
    UNIQUE (name, version)
) STRICT;

-- A stream may be without events, if the ledger has a decision for it.
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    category INTEGER NOT NULL,
    key TEXT NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
    UNIQUE (category, key)
) STRICT;

-- A plain rowid can be given twice, so positions are AUTOINCREMENT. Times are microseconds since 1970.
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL CHECK (revision > 0),
    id BLOB NOT NULL,
    type INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    occurred_at INTEGER,
    correlation_id BLOB,
    causation_id BLOB,
    payload TEXT NOT NULL,
    metadata TEXT,
    -- CRC-32 of all that a reader is told.
    checksum INTEGER NOT NULL,
    UNIQUE (stream, revision)
) STRICT;

CREATE TABLE command_names (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- The ledger. A count of 0 is a decision without events.
CREATE TABLE commands (
    stream INTEGER NOT NULL,
    id BLOB NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    body_hash INTEGER,
    name INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (stream, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    stream INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (stream, fingerprint)
) STRICT;

CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only: an event is never updated');
END;

CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only: an event is never deleted');
END;

CREATE TRIGGER streams_are_not_deleted BEFORE DELETE ON streams
BEGIN
    SELECT RAISE(ABORT, 'streams are append-only: a stream is never deleted');
END;

CREATE TRIGGER streams_stay_closed BEFORE UPDATE OF closed ON streams WHEN NEW.closed < OLD.closed
BEGIN
    SELECT RAISE(ABORT, 'a closed stream is never opened again');
END;

-- The checkpoints of one build. Times are microseconds since 1970.
CREATE TABLE es_checkpoints (
    partition INTEGER PRIMARY KEY,
    partitions INTEGER NOT NULL,
    position INTEGER NOT NULL,
    event_id BLOB,
    projected INTEGER NOT NULL,
    per_second REAL NOT NULL DEFAULT 0,
    owner TEXT,
    updated_at INTEGER NOT NULL,
    error TEXT,
    failed_at INTEGER
) STRICT;

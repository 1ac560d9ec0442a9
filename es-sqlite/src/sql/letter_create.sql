-- The dead letters of one build.
CREATE TABLE es_dead_letters (
    position INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    parked_at INTEGER NOT NULL
) STRICT;

-- Which build readers see.
CREATE TABLE IF NOT EXISTS es_live (
    projection TEXT NOT NULL PRIMARY KEY,
    build INTEGER
) STRICT;

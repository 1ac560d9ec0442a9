-- The tables. docs/stored-format.md says what each column means and what may change.

-- Draws the positions. CACHE 1 is a promise: with a larger cache a position could be committed long after a larger one
-- was seen by every reader.
CREATE SEQUENCE :schema.positions AS bigint INCREMENT BY 1 MINVALUE 1 START WITH 1 CACHE 1 NO CYCLE;

-- Earlier and later names of an aggregate point to the same id.
CREATE TABLE :schema.categories (
    name     text COLLATE "C" PRIMARY KEY,
    id       integer NOT NULL,
    is_alias boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX categories_id ON :schema.categories (id) WHERE NOT is_alias;

-- The ids are 1, 2, 3 … without holes, so that a program knows by the last one whether it knows them all.
CREATE TABLE :schema.event_types (
    id          integer PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    codec       text,
    fingerprint bigint,
    UNIQUE (name, version)
);

-- One row a stream, updated by each append. Only columns without an index change, so with room in the page the update
-- is a heap-only one: it touches no index and leaves nothing for vacuum. Hence the fill factor. No check constraints:
-- the server would parse them anew at each append, and the functions are the only writers.
CREATE TABLE :schema.streams (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision      bigint NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at     timestamptz,
    head_event_id uuid NOT NULL,
    category      integer NOT NULL,
    key           text COLLATE "C" NOT NULL,
    UNIQUE (category, key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- Rows are never changed: pages are filled, and frozen by the first vacuum that meets them. Positions have no default:
-- only the functions draw them. No foreign keys: each would lock and read one more row for every event.
CREATE TABLE :schema.events (
    position       bigint NOT NULL,
    stream         bigint NOT NULL,
    revision       bigint NOT NULL,
    recorded_at    timestamptz NOT NULL,
    occurred_at    timestamptz,
    event_id       uuid NOT NULL,
    correlation_id uuid,
    causation_id   uuid,
    type           integer NOT NULL,
    payload        json NOT NULL,
    metadata       json,
    PRIMARY KEY (stream, revision)
) WITH (fillfactor = 100, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_freeze_min_age = 0);
CREATE UNIQUE INDEX events_position ON :schema.events (position);

-- The newest fold of a stream for each fingerprint. `json` keeps the state as it was written.
CREATE TABLE :schema.snapshots (
    stream      bigint NOT NULL,
    fingerprint bigint NOT NULL,
    revision    bigint NOT NULL,
    saved_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    state       json NOT NULL,
    PRIMARY KEY (stream, fingerprint)
);

-- The outcomes of commands that were given an id. Rows are written in the order of their time, so a block range index
-- finds the old ones and costs an append nothing.
CREATE TABLE :schema.commands (
    stream         bigint NOT NULL,
    command_id     uuid NOT NULL,
    first_revision bigint NOT NULL,
    event_count    bigint NOT NULL,
    body_hash      bigint,
    recorded_at    timestamptz NOT NULL,
    name           text COLLATE "C" NOT NULL,
    PRIMARY KEY (stream, command_id)
);
CREATE INDEX commands_recorded_at ON :schema.commands USING brin (recorded_at) WITH (pages_per_range = 32);

-- How far each partition of a projection has come, and the id of the event it stands on.
CREATE TABLE :schema.checkpoints (
    projection text COLLATE "C" NOT NULL,
    build        integer NOT NULL,
    partition       integer NOT NULL,
    partitions      integer NOT NULL,
    position   bigint NOT NULL,
    event_id   uuid,
    owner      text,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (projection, build, partition)
) WITH (fillfactor = 50);

-- The events that a projection could not take.
CREATE TABLE :schema.dead_letters (
    projection text COLLATE "C" NOT NULL,
    build        integer NOT NULL,
    stream     bigint NOT NULL,
    revision   bigint NOT NULL,
    position   bigint NOT NULL,
    attempts   integer NOT NULL,
    reason     text NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (projection, build, stream, revision)
);

-- For people who query by hand.
CREATE VIEW :schema.event_log AS
SELECT e.position, c.name AS category, s.key, e.revision, t.name, t.version, e.recorded_at,
       coalesce(e.occurred_at, e.recorded_at) AS occurred_at, e.event_id, e.correlation_id, e.causation_id,
       e.payload, e.metadata
FROM :schema.events e
JOIN :schema.streams s ON s.id = e.stream
JOIN :schema.categories c ON c.id = s.category AND NOT c.is_alias
JOIN :schema.event_types t ON t.id = e.type;

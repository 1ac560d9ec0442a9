-- Read models of events that are stored elsewhere: in another database, in a file, in memory. No `streams` and `events` beside
-- such a model are those of its source, so its dead letters name their events by themselves, and `stream` is null. Of both
-- kinds no two letters of a build have the same position.
ALTER TABLE :schema.dead_letters DROP CONSTRAINT dead_letters_pkey;
ALTER TABLE :schema.dead_letters
    ALTER COLUMN stream DROP NOT NULL,
    ADD COLUMN category text COLLATE "C",
    ADD COLUMN key      text COLLATE "C",
    ADD COLUMN event    text COLLATE "C",
    ADD COLUMN event_id uuid,
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (projection, build, position),
    ADD CONSTRAINT dead_letters_stream_key UNIQUE (projection, build, stream, revision),
    ADD CONSTRAINT dead_letters_named
        CHECK (stream IS NOT NULL OR num_nulls(category, key, event, event_id) = 0);
CREATE UNIQUE INDEX dead_letters_elsewhere ON :schema.dead_letters (projection, build, category, key, revision)
    WHERE stream IS NULL;

-- Whether the events of a build are elsewhere, and the id of the first one, if there was one when the build was set up: two
-- stores are told apart by it before any checkpoint has moved.
ALTER TABLE :schema.checkpoints
    ADD COLUMN elsewhere      boolean NOT NULL DEFAULT false,
    ADD COLUMN first_event_id uuid;

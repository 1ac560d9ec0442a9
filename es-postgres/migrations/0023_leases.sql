-- Leases of runners whose work is outside of the database, such as reactors: a worker claims a partition
-- before it begins, on the clock of this server, and whoever claimed it last is the only one to move its
-- checkpoint.
ALTER TABLE :schema.checkpoints
    ADD COLUMN epoch        bigint NOT NULL DEFAULT 0,
    ADD COLUMN leased_until timestamptz;

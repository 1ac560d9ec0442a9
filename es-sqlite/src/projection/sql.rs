//! The SQL statements on a read model's files. Our own tables are named `es_…`; handlers create theirs in the
//! same file.

/// Which build readers see.
pub(super) const MAKE_POINTER: &str = "CREATE TABLE IF NOT EXISTS es_live (
    projection TEXT NOT NULL PRIMARY KEY,
    build INTEGER
) STRICT";

/// The checkpoints and dead letters of one build. Times are microseconds since 1970.
pub(super) const MAKE_TABLES: &str = "CREATE TABLE es_checkpoints (
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
CREATE INDEX es_dead_letters_of ON es_dead_letters (category, key, revision)";

/// The leases of runners whose work is outside of the file. They outlive a division into other partitions.
pub(super) const MAKE_LEASES: &str = "CREATE TABLE IF NOT EXISTS es_leases (
    partition INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    leased_until INTEGER
) STRICT";

pub(super) const LIVE: &str = "SELECT projection, build FROM es_live";

pub(super) const SHOW: &str = "INSERT INTO es_live (projection, build) VALUES (?1, ?2)
ON CONFLICT (projection) DO UPDATE SET build = excluded.build";

pub(super) const MAKE_CHECKPOINT: &str =
    "INSERT INTO es_checkpoints (partition, partitions, position, event_id, projected, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, CAST(unixepoch('subsec') * 1000000 AS INTEGER))";

pub(super) const FORGET_CHECKPOINTS: &str = "DELETE FROM es_checkpoints";

pub(super) const PARTS: &str = "SELECT partitions FROM es_checkpoints LIMIT 1";

pub(super) const CHECKPOINT: &str =
    "SELECT position, event_id, partitions FROM es_checkpoints WHERE partition = ?1";

pub(super) const CHECKPOINTS: &str =
    "SELECT position, event_id, projected FROM es_checkpoints ORDER BY partition";

pub(super) const LOWEST: &str = "SELECT min(position) FROM es_checkpoints";

/// The fence of a batch. Returns no row if another worker was faster. Also returns whether there are dead
/// letters.
pub(super) const HOLD: &str = "UPDATE es_checkpoints
SET owner = ?5, per_second = ?6, error = NULL, failed_at = NULL
WHERE partition = ?1 AND partitions = ?2 AND position = ?3 AND event_id IS ?4
RETURNING EXISTS (SELECT 1 FROM es_dead_letters)";

/// The same for a worker with a lease, of epoch ?7: no other worker has claimed the partition since.
pub(super) const HOLD_LEASED: &str = "UPDATE es_checkpoints
SET owner = ?5, per_second = ?6, error = NULL, failed_at = NULL
WHERE partition = ?1 AND partitions = ?2 AND position = ?3 AND event_id IS ?4
  AND EXISTS (SELECT 1 FROM es_leases l WHERE l.partition = ?1 AND l.epoch = ?7)
RETURNING EXISTS (SELECT 1 FROM es_dead_letters)";

/// Claims partition ?1 of ?2 for ?3 microseconds, or renews the lease of epoch ?4. Returns no row if another
/// worker has the lease, or if there is no such partition.
pub(super) const CLAIM: &str = "INSERT INTO es_leases (partition, epoch, leased_until)
SELECT c.partition, 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ?3
FROM es_checkpoints c WHERE c.partition = ?1 AND c.partitions = ?2
ON CONFLICT (partition) DO UPDATE
SET epoch = CASE WHEN epoch IS ?4 THEN epoch ELSE epoch + 1 END, leased_until = excluded.leased_until
WHERE epoch IS ?4 OR leased_until IS NULL
   OR leased_until <= CAST(unixepoch('subsec') * 1000000 AS INTEGER)
RETURNING epoch";

pub(super) const FREE_LEASES: &str = "UPDATE es_leases SET leased_until = NULL";

/// For how many more microseconds another worker has partition ?1.
pub(super) const REST: &str =
    "SELECT max(coalesce(leased_until, 0) - CAST(unixepoch('subsec') * 1000000 AS INTEGER), 0)
FROM es_leases WHERE partition = ?1";

pub(super) const RELEASE: &str =
    "UPDATE es_leases SET leased_until = NULL WHERE partition = ?1 AND epoch = ?2";

pub(super) const MOVE: &str = "UPDATE es_checkpoints
SET position = ?2, event_id = ?3, projected = projected + ?4,
    updated_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
WHERE partition = ?1";

pub(super) const NOTE: &str = "UPDATE es_checkpoints
SET error = ?4, failed_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER), owner = ?5
WHERE partition = ?1 AND position = ?2 AND event_id IS ?3";

pub(super) const STATUS: &str =
    "SELECT partition, partitions, position, projected, per_second, owner, updated_at, error,
    failed_at, (SELECT count(*) FROM es_dead_letters)
FROM es_checkpoints ORDER BY partition";

pub(super) const PARKED: &str = "SELECT DISTINCT category, key FROM es_dead_letters";

pub(super) const PARK: &str =
    "INSERT INTO es_dead_letters (position, category, key, revision, event, attempts, reason, parked_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(unixepoch('subsec') * 1000000 AS INTEGER))";

pub(super) const LETTERS: &str =
    "SELECT position, category, key, revision, event, attempts, reason, parked_at
FROM es_dead_letters WHERE position > ?1 ORDER BY position LIMIT ?2";

pub(super) const LETTERS_OF: &str = "SELECT revision, position FROM es_dead_letters
WHERE category = ?1 AND key = ?2 AND revision > ?3 ORDER BY revision LIMIT ?4";

pub(super) const COUNT_LETTERS: &str =
    "SELECT count(*) FROM es_dead_letters WHERE category = ?1 AND key = ?2";

pub(super) const REMOVE_LETTER: &str = "DELETE FROM es_dead_letters WHERE position = ?1";

pub(super) const KEEP_LETTER: &str =
    "UPDATE es_dead_letters SET attempts = attempts + 1, reason = ?2 WHERE position = ?1";

/// The objects in a file. Virtual tables come first, as dropping them drops their own tables.
pub(super) const OBJECTS: &str = "SELECT type, name FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY type = 'view' DESC, sql LIKE 'CREATE VIRTUAL%' DESC";

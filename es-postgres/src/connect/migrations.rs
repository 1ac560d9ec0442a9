//! The migrations of this version of the crate.

/// A step from one state of a schema to the next.
pub(crate) struct Migration {
    pub(crate) id: i32,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

macro_rules! migrations {
    ($($id:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            id: $id,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $name, ".sql")),
        }),*]
    };
}

/// In the order in which they run. A file that was released is never edited: a change is a new file.
pub(crate) const MIGRATIONS: &[Migration] = migrations![
    1 "0001_tables",
    2 "0002_append_only",
    3 "0003_names",
    4 "0004_append_one",
    5 "0005_append",
    6 "0006_append_all",
    7 "0007_append_batch",
    8 "0008_streams",
    9 "0009_roles",
    10 "0010_watermark",
    11 "0011_projections",
    12 "0012_decisions",
    13 "0013_registrations",
    14 "0014_publishing",
    15 "0015_transactions",
    16 "0016_privileges",
    17 "0017_readable_appends",
    18 "0018_readable_batches",
    19 "0019_protected_rows",
    20 "0020_append_many",
    21 "0021_import",
    22 "0022_decided_batches",
    23 "0023_leases",
    24 "0024_elsewhere",
    25 "0025_conditions",
    26 "0026_looked_up_commands",
    27 "0027_plain_appends",
    28 "0028_mixed_batches",
];

/// The migration that this program needs.
pub(crate) const NEWEST: i32 = MIGRATIONS[MIGRATIONS.len() - 1].id;

/// The texts of all migrations, in their order.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|migration| migration.sql)
}

/// Different for each set of migrations; part of the name of the template database of tests.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint() -> es_core::shape::Fingerprint {
    MIGRATIONS
        .iter()
        .fold(es_core::shape::Fingerprint::EMPTY, |fingerprint, migration| fingerprint.with(migration.sql))
}

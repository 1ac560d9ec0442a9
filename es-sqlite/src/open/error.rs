//! Why a file could not be opened.

use std::io;
use std::path::PathBuf;

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file exists, and was not written by this crate. It was left unchanged.
    #[error("{path:?} is a file of another program ({found}); use a different path for the store")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What the file is.
        found: String,
    },
    /// The tables were written by a later version of this crate.
    #[error(
        "{path:?} has version {found} of the tables, but this program knows only {known}; update the program"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The newest version that this crate knows.
        known: i64,
    },
    /// A migration that was applied to this file differs from the one in this crate.
    #[error(
        "migration {number} of {path:?} differs from the one in this program: it was changed after it was \
         applied; use the version of this crate that created the file"
    )]
    ChangedMigration {
        /// The file.
        path: PathBuf,
        /// The migration.
        number: i64,
    },
    /// The tables are older than this program needs, and the file is open for reading only.
    #[error(
        "{path:?} has version {found} of the tables, and this program needs {known}; open it for writing \
         once to migrate it"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The version that this program needs.
        known: i64,
    },
    /// The file is on a network file system, where locks between hosts are not reliable.
    #[error(
        "{path:?} is on a network file system ({kind}), where locks are not reliable; move it to a local \
         disk, or set `allow_network_file_system(true)` if one program on one host uses it"
    )]
    NetworkFileSystem {
        /// The file.
        path: PathBuf,
        /// The system's name for it.
        kind: String,
    },
    /// The folder of the file does not exist, or the file cannot be read or written in it. Two more files,
    /// `-wal` and `-shm`, are written next to it.
    #[error(
        "{path:?} cannot be used: {source}; its folder must exist, and this program must be able to write to \
         it"
    )]
    Folder {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another program has locked the file.
    #[error("{path:?} is locked by another program: {source}")]
    Locked {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: sqlx::Error,
    },
    /// The file is not as SQLite wrote it.
    #[error("{path:?} is damaged: {source}; restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: sqlx::Error,
    },
    /// Any other error of SQLite.
    #[error("{path:?} cannot be opened: {source}")]
    Driver {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: sqlx::Error,
    },
}

impl OpenError {
    /// Whether opening the file can succeed later, without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}

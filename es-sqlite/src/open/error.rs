//! Why a file could not be opened.

use std::io;
use std::path::PathBuf;

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file is there, and was not written by this crate. It was left as it is.
    #[error("{path:?} is a file of another program ({found}); give the store a path of its own")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// The file was written by a later version of this crate.
    #[error(
        "{path:?} has version {found} of the tables, and this program knows {known}; bring the program up to date"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The last one that this crate knows.
        known: i64,
    },
    /// A migration that this file went through is not the one that this crate has.
    #[error(
        "migration {number} of {path:?} is not the one of this program; it was changed after it was applied"
    )]
    ChangedMigration {
        /// The file.
        path: PathBuf,
        /// The migration.
        number: i64,
    },
    /// The tables are older than this program needs, and the file is opened for reading only.
    #[error(
        "{path:?} has version {found} of the tables, which are to be brought up to {known}; open it for writing once"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The one that this program needs.
        known: i64,
    },
    /// The file is on a network file system, where locks of several hosts cannot be relied on.
    #[error(
        "{path:?} is on a network file system ({kind}), where locks cannot be relied on; move it to a local disk, or say \
         `allow_network_file_system(true)` if one program on one host uses it"
    )]
    NetworkFileSystem {
        /// The file.
        path: PathBuf,
        /// What the system calls it.
        kind: String,
    },
    /// The folder of the file is not there, or the file cannot be read or written in it. Two more files are
    /// written beside it, `-wal` and `-shm`.
    #[error(
        "{path:?} cannot be used: {source}; its folder must be there, and can be written by this program"
    )]
    Folder {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another program has the file locked.
    #[error("{path:?} is locked by another program: {source}")]
    Locked {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        source: sqlx::Error,
    },
    /// The file is not what `SQLite` wrote.
    #[error("{path:?} is damaged: {source}; restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        source: sqlx::Error,
    },
    /// Anything else that `SQLite` says.
    #[error("{path:?} cannot be opened: {source}")]
    Driver {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
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

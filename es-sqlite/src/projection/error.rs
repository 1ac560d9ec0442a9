//! Errors that only a model in a file can have.

use std::path::PathBuf;

use es_core::projection::ProjectorError;

/// An error of a [`SqliteTarget`](crate::SqliteTarget), within a [`ProjectorError`]:
/// [`of_target`](ProjectorError::of_target) returns it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteTargetError {
    /// A handler has ended the transaction of its batch, or tried to. Nothing of the batch was written.
    #[error(
        "a handler of projection `{projection}` build {build} has ended the transaction that it runs in; \
         nothing was written; nest with `connection.begin()` instead of COMMIT and ROLLBACK"
    )]
    TransactionEnded {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
    },
    /// The file was not created by this projection.
    #[error(
        "projection `{projection}` build {build} cannot store its model in {path:?}: {found}; use a \
         different path"
    )]
    NotOurs {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The file.
        path: PathBuf,
        /// What the file contains.
        found: String,
    },
    /// The file would be on a network file system, where locks between hosts are not reliable.
    #[error(
        "projection `{projection}` build {build} cannot store its model in {path:?}: it is on a network file \
         system ({kind}), where locks are not reliable; move it to a local disk, or set \
         `allow_network_file_system(true)` if one program on one host uses it"
    )]
    NetworkFileSystem {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The file.
        path: PathBuf,
        /// The system's name for it.
        kind: String,
    },
}

impl From<SqliteTargetError> for ProjectorError {
    fn from(error: SqliteTargetError) -> Self {
        Self::Target(Box::new(error))
    }
}

//! What only a model in a file can suffer.

use std::path::PathBuf;

use es_core::projection::ProjectorError;

/// What only a [`SqliteTarget`](crate::SqliteTarget) says, of a [`ProjectorError`]:
/// [`of_target`](ProjectorError::of_target) gives it back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteTargetError {
    /// A handler has ended the transaction of its batch, or tried to. Nothing of the batch is in the model.
    #[error(
        "a handler of projection `{projection}` build {build} has ended the transaction that it runs in; nothing of it was \
         kept; let it nest with `connection.begin()` instead of COMMIT and ROLLBACK"
    )]
    TransactionEnded {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
    },
    /// The file is not one that this projection has made.
    #[error("projection `{projection}` build {build} cannot keep its model in {path:?}: {found}")]
    NotOurs {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// The file would be on a network file system, where locks of several hosts cannot be relied on.
    #[error(
        "projection `{projection}` build {build} cannot keep its model in {path:?}: it is on a network file system ({kind}), \
         where locks cannot be relied on; move it to a local disk, or say `allow_network_file_system(true)` if one \
         program on one host uses it"
    )]
    NetworkFileSystem {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The file.
        path: PathBuf,
        /// What the system calls it.
        kind: String,
    },
}

impl From<SqliteTargetError> for ProjectorError {
    fn from(error: SqliteTargetError) -> Self {
        Self::Target(Box::new(error))
    }
}

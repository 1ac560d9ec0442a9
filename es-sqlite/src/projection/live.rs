//! What programs read.

use std::path::PathBuf;

use es_core::projection::{Projection, ProjectorError};
use sqlx::SqliteConnection;

use super::target::SqliteTarget;

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    /// The file that readers see now: that of the build that was published last. Programs in other
    /// languages ask the table `es_live` of the file without a number for that revision.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`] where there is none yet; [`ProjectorError::Store`].
    pub async fn live_file(&self) -> Result<PathBuf, ProjectorError> {
        match self.live_rev().await? {
            Some(build) => Ok(self.file_of(build)),
            None => Err(ProjectorError::not_set_up::<P>()),
        }
    }

    /// A connection for reading to the model that readers see now. It stays with that revision, so open one
    /// for each request, or anew once a build is published. It waits for no writer.
    ///
    /// # Errors
    ///
    /// As [`live_file`](Self::live_file).
    pub async fn read(&self) -> Result<SqliteConnection, ProjectorError> {
        let path = self.live_file().await?;
        // Not opened read-only: the first one to open a file after a crash brings it in order.
        let db = self.open_as(&path, |options| options.pragma("query_only", "ON")).await?;
        db.ok_or_else(ProjectorError::not_set_up::<P>)
    }
}

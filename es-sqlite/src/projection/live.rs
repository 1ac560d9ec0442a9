//! What readers see.

use std::path::PathBuf;

use es_core::projection::{Projection, ProjectorError};
use sqlx::SqliteConnection;

use super::target::SqliteTarget;

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    /// The file that readers see now: that of the last published build. Programs in other languages read its
    /// build from the table `es_live` in the file without a build number.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`] if no build was published yet; [`ProjectorError::Store`].
    pub async fn live_file(&self) -> Result<PathBuf, ProjectorError> {
        match self.live_build().await? {
            Some(build) => Ok(self.file_of(build)),
            None => Err(ProjectorError::not_set_up::<P>()),
        }
    }

    /// A read connection to the model that readers see now. It stays with that build, so open one for each
    /// request, or a new one after a build is published. It never waits for a writer.
    ///
    /// # Errors
    ///
    /// As [`live_file`](Self::live_file).
    pub async fn read(&self) -> Result<SqliteConnection, ProjectorError> {
        let path = self.live_file().await?;
        // Not opened read-only: the first connection after a crash recovers the file.
        let db = self.open_as(&path, |options| options.pragma("query_only", "ON")).await?;
        db.ok_or_else(ProjectorError::not_set_up::<P>)
    }
}

//! Opens the files of a target.

use std::path::Path;
use std::time::{Duration, Instant};

use es_core::projection::{Cause, Projection, ProjectorError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection, raw_sql};

use super::cause::{failed, of_error};
use super::error::SqliteTargetError;
use super::target::SqliteTarget;
use crate::open::files::sync_folder;
use crate::sql;

/// `espj`, in the header of each file.
const APPLICATION_ID: i32 = 0x6573_706a;

impl<P: Projection> SqliteTarget<P> {
    fn options(&self, path: &Path) -> SqliteConnectOptions {
        let synchronous = if self.temporary { SqliteSynchronous::Off } else { SqliteSynchronous::Normal };
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .busy_timeout(self.busy_timeout)
            .synchronous(synchronous)
            .pragma("recursive_triggers", "ON")
            .disable_statement_logging()
    }

    /// Opens an existing file; `None` if it does not exist.
    pub(super) async fn open(&self, path: &Path) -> Result<Option<SqliteConnection>, ProjectorError> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(self.options(path).connect().await.map_err(failed)?))
    }

    /// The same with other options: read-only, or without foreign keys.
    pub(super) async fn open_as(
        &self,
        path: &Path,
        change: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions + Send,
    ) -> Result<Option<SqliteConnection>, ProjectorError> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(change(self.options(path)).connect().await.map_err(failed)?))
    }

    /// Opens a file, creating it if it does not exist.
    pub(super) async fn make(&self, path: &Path) -> Result<SqliteConnection, ProjectorError> {
        let mut db = self.options(path).create_if_missing(true).connect().await.map_err(failed)?;
        let begun = Instant::now();
        loop {
            match mark(&mut db).await {
                Ok(None) => break,
                Ok(Some(found)) => return Err(Self::not_ours(path, found)),
                // The driver's timeouts do not wait for the switch to a write-ahead log.
                Err(error)
                    if of_error(&error) == Some(Cause::Passing) && begun.elapsed() < self.busy_timeout =>
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        if !self.temporary {
            sync_folder(path).map_err(|error| failed(sqlx::Error::Io(error)))?;
        }
        Ok(db)
    }

    pub(super) fn not_ours(path: &Path, found: String) -> ProjectorError {
        SqliteTargetError::NotOurs { projection: P::NAME, build: P::BUILD, path: path.to_owned(), found }
            .into()
    }

    /// Begins a transaction on the pointer file: changes of a projection as a whole exclude each other.
    /// Returns the build that readers see.
    pub(super) async fn lock(&self) -> Result<(SqliteConnection, Option<u32>), ProjectorError> {
        let mut db = self.make(&self.pointer).await?;
        run(&mut db, "BEGIN IMMEDIATE").await?;
        run(&mut db, sql::PROJECTION_CREATE_POINTER).await?;
        let live = self.live_on(&mut db).await?;
        Ok((db, live))
    }

    /// The build that readers see.
    pub(super) async fn live_build(&self) -> Result<Option<u32>, ProjectorError> {
        match self.open(&self.pointer).await? {
            Some(mut db) => self.live_on(&mut db).await,
            None => Ok(None),
        }
    }

    async fn live_on(&self, db: &mut SqliteConnection) -> Result<Option<u32>, ProjectorError> {
        let row: Option<(String, Option<u32>)> =
            match sqlx::query_as(sql::PROJECTION_LIVE).fetch_optional(db).await {
                Err(error) if super::cause::lacks_tables(&error) => None,
                row => row.map_err(failed)?,
            };
        match row {
            Some((name, _)) if name != P::NAME => {
                Err(Self::not_ours(&self.pointer, format!("it belongs to projection `{name}`")))
            }
            row => Ok(row.and_then(|(_, build)| build)),
        }
    }

    /// Shows a build to readers, or none.
    pub(super) async fn point(db: &mut SqliteConnection, build: Option<u32>) -> Result<(), ProjectorError> {
        sqlx::query(sql::PROJECTION_SHOW).bind(P::NAME).bind(build).execute(db).await.map_err(failed)?;
        Ok(())
    }
}

/// Marks a new file as ours, and switches it to a write-ahead log. Returns what the file is if it is not
/// ours.
async fn mark(db: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    let marked: i32 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *db).await?;
    if marked != APPLICATION_ID {
        let tables: i64 = sqlx::query_scalar(sql::COUNT_OBJECTS).fetch_one(&mut *db).await?;
        // Another process may have marked it meanwhile.
        let again: i32 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *db).await?;
        if again != APPLICATION_ID {
            if again != 0 || tables > 0 {
                return Ok(Some("it was created by another program".to_owned()));
            }
            let pragma = format!("PRAGMA application_id = {APPLICATION_ID}");
            raw_sql(AssertSqlSafe(pragma)).execute(&mut *db).await?;
        }
    }
    sqlx::query("PRAGMA journal_mode = WAL").fetch_one(db).await?;
    Ok(None)
}

/// Executes one of our own statements.
pub(super) async fn run(db: &mut SqliteConnection, statement: &'static str) -> Result<(), ProjectorError> {
    raw_sql(statement).execute(db).await.map_err(failed)?;
    Ok(())
}

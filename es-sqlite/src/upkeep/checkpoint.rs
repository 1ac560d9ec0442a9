//! Checkpoints the write-ahead log into the file.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use crate::error::Failure;

/// The result of [`SqliteStore::checkpoint`](crate::SqliteStore::checkpoint).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpointed {
    /// Whether the whole log was copied into the file, and the log is empty. Otherwise a reader, in this
    /// program or another, still needs part of it: the log keeps growing until that reader ends.
    pub complete: bool,
    /// How many pages are in the log.
    pub log_pages: u64,
    /// How many of them are in the file as well.
    pub moved_pages: u64,
}

/// Does not wait for readers: meanwhile no writer could write.
pub(crate) async fn checkpoint(
    connection: &mut SqliteConnection,
    patience: Duration,
) -> Result<Checkpointed, Failure> {
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut *connection).await?;
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
    let pragma = AssertSqlSafe(format!("PRAGMA busy_timeout = {}", patience.as_millis()));
    sqlx::query(pragma).execute(connection).await?;
    let row = row?;
    let busy: i64 = row.try_get(0)?;
    let pages = |at| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(at)?).unwrap_or(0));
    Ok(Checkpointed { complete: busy == 0, log_pages: pages(1)?, moved_pages: pages(2)? })
}

//! Applies migrations, one program at a time.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::error::OpenError;
use super::files::APPLICATION_ID;
use crate::sql;

/// In order; a released migration is never edited.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/0001_tables.sql")];

/// The number of the latest migration.
pub(crate) const LATEST: i64 = MIGRATIONS.len() as i64;

/// Marks a new file and switches it to a write-ahead log. Both are in the file's header, and the mark is
/// written first, so that no file is ever seen without it.
pub(crate) async fn mark(connection: &mut SqliteConnection, patience: Duration) -> Result<(), sqlx::Error> {
    // The driver's timeouts do not wait for the switch.
    let begun = Instant::now();
    loop {
        match switch(connection).await {
            Err(error) if is_busy(&error) && begun.elapsed() < patience => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            other => return other,
        }
    }
}

async fn switch(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let marked: i32 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if marked != APPLICATION_ID {
        let pragma = AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(connection).await?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    Err(sqlx::Error::Configuration(
        format!("the file has no write-ahead log, but journal mode {mode}").into(),
    ))
}

pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6 | 15))
}

/// The number of the last migration that was applied to the file.
pub(crate) async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await
}

/// Applies missing migrations. If several programs do so at once, one applies them, and the others find them
/// applied.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let applied = apply(connection).await;
    let end = if applied.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = sqlx::query(end).execute(connection).await;
    applied.and(ended.map(drop))
}

async fn apply(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let done = version(connection).await?;
    for (number, text) in (1_i64..).zip(MIGRATIONS) {
        if number <= done {
            continue;
        }
        sqlx::raw_sql(text).execute(&mut *connection).await?;
        sqlx::query(sql::INSERT_MIGRATION)
            .bind(number)
            .bind(checksum(text))
            .execute(&mut *connection)
            .await?;
        let pragma = AssertSqlSafe(format!("PRAGMA user_version = {number}"));
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Fails if the file's migrations differ from those of this program.
pub(crate) async fn check(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let applied: Vec<(i64, i64)> = sqlx::query_as(sql::MIGRATIONS)
        .fetch_all(connection)
        .await
        .map_err(|source| OpenError::Driver { path: path.to_owned(), source })?;
    for (known, (number, found)) in MIGRATIONS.iter().zip(applied) {
        if checksum(known) != found {
            return Err(OpenError::ChangedMigration { path: path.to_owned(), number });
        }
    }
    Ok(())
}

fn checksum(text: &str) -> i64 {
    i64::from(crc32fast::hash(text.as_bytes()))
}

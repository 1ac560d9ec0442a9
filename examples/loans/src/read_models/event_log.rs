//! The events of a file by SQL, as the view that PostgreSQL has.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

/// A connection to the events of a file, with the view `event_log`.
///
/// # Errors
///
/// What SQLite says.
pub(crate) async fn event_log(events: &Path) -> Result<SqliteConnection, sqlx::Error> {
    // Not opened read-only: the first connection after a crash has to recover the file.
    let options = SqliteConnectOptions::new().filename(events).create_if_missing(false);
    let mut db = options.disable_statement_logging().connect().await?;
    sqlx::raw_sql(include_str!("../../sql/sqlite/event_log_make.sql")).execute(&mut db).await?;
    Ok(db)
}

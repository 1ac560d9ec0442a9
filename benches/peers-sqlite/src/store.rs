//! The executor: a pool that reads, and one connection that writes, as SQLite has one writer at a time.

use std::path::Path;

use evento::migrator::{Migrate, Plan};
use evento::sql::RwSqlite;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// Clones share both.
pub(crate) type Store = RwSqlite;

pub(crate) async fn open(folder: &Path) -> anyhow::Result<Store> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("evento.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut connection = writer.acquire().await?;
    evento::sql_migrator::new::<sqlx::Sqlite>()?.run(&mut *connection, &Plan::apply_all()).await?;
    drop(connection);
    let readers = SqlitePoolOptions::new().connect_with(options.read_only(true)).await?;
    Ok((evento::Sqlite::from(readers), evento::Sqlite::from(writer)).into())
}

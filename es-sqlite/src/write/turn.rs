//! A transaction of the caller's on the writer's connection.

use std::fmt;
use std::ops::{Deref, DerefMut};

use es_core::store::Bell;
use sqlx::sqlite::SqliteTransactionManager;
use sqlx::{Connection as _, SqlSafeStr as _, SqliteConnection};
use sqlx_core::transaction::TransactionManager as _;
use tokio::sync::OwnedMutexGuard;

/// The writer's connection, lent to a caller; the lane waits until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<SqliteConnection>;

/// A transaction on the one connection that writes: [`SqliteStore::begin`](crate::SqliteStore::begin). Events
/// and the caller's own rows are committed together, or not at all.
///
/// It derefs to the [`SqliteConnection`] on which statements are executed, and which
/// [`AppendIn`](es_core::store::AppendIn) takes. While it is open nobody else writes: appends wait, for as
/// long as [`busy_timeout`](crate::SqliteOptions::busy_timeout) says. Dropping it undoes everything.
#[must_use = "a transaction that is dropped is undone"]
pub struct SqliteTransaction {
    turn: Turn,
    bell: Bell,
}

impl SqliteTransaction {
    pub(crate) async fn begin(mut turn: Turn, bell: Bell) -> Result<Self, sqlx::Error> {
        SqliteTransactionManager::begin(&mut turn, Some("BEGIN IMMEDIATE".into_sql_str())).await?;
        Ok(Self { turn, bell })
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// What `SQLite` says. Whether an error of the disk took back what was written is not known before the
    /// file is read again.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        SqliteTransactionManager::commit(&mut self.turn).await?;
        self.bell.ring();
        Ok(())
    }

    /// Undoes everything, as dropping it does.
    ///
    /// # Errors
    ///
    /// What `SQLite` says.
    pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
        SqliteTransactionManager::rollback(&mut self.turn).await
    }
}

impl Deref for SqliteTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.turn
    }
}

impl DerefMut for SqliteTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.turn
    }
}

impl fmt::Debug for SqliteTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTransaction").finish_non_exhaustive()
    }
}

/// Undoes what a caller has left open on the connection. An error means that it cannot be used any more.
pub(crate) async fn settle(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    while connection.is_in_transaction() {
        SqliteTransactionManager::rollback(connection).await?;
    }
    Ok(())
}

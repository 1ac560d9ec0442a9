//! A caller's transaction on the write connection.

use std::fmt;
use std::ops::{Deref, DerefMut};

use es_core::store::Bell;
use sqlx::sqlite::SqliteTransactionManager;
use sqlx::{Connection as _, SqlSafeStr as _, SqliteConnection};
use sqlx_core::transaction::TransactionManager as _;
use tokio::sync::OwnedMutexGuard;

/// The write connection, lent to a caller; the lane waits until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<SqliteConnection>;

/// A transaction on the single write connection: [`SqliteStore::begin`](crate::SqliteStore::begin). Events
/// and the caller's own rows are committed together, or not at all.
///
/// It derefs to the [`SqliteConnection`] for executing statements, which is also the argument of
/// [`AppendIn`](es_core::store::AppendIn). While it is open nobody else writes: appends wait, for up to
/// [`busy_timeout`](crate::SqliteOptions::busy_timeout). Dropping it rolls back.
#[must_use = "a transaction that is dropped is rolled back"]
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
    /// The error of SQLite. After a disk error, whether the transaction was committed is known only by
    /// reading the file again.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        SqliteTransactionManager::commit(&mut self.turn).await?;
        self.bell.ring();
        Ok(())
    }

    /// Rolls back, as dropping it does.
    ///
    /// # Errors
    ///
    /// The error of SQLite.
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

/// Rolls back what a caller has left open on the connection. After an error the connection cannot be used any
/// more.
pub(crate) async fn settle(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    while connection.is_in_transaction() {
        SqliteTransactionManager::rollback(connection).await?;
    }
    Ok(())
}

//! Connections on which user code runs, and transactions that it cannot commit.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use es_core::projection::{Projection, ProjectorError};
use sqlx::sqlite::SqliteTransactionManager;
use sqlx::{Connection as _, SqlSafeStr as _, SqliteConnection, raw_sql};
use sqlx_core::transaction::TransactionManager as _;

use super::cause::failed;
use super::error::SqliteTargetError;
use super::target::SqliteTarget;
use crate::open::files::Identity;

/// A connection of a worker of a [`SqliteTarget`].
pub struct SqliteSession {
    pub(super) db: SqliteConnection,
    pub(super) file: Identity,
    commits: Arc<Commits>,
}

/// State of the hook that SQLite calls before each commit.
#[derive(Debug, Default)]
struct Commits {
    allowed: AtomicBool,
    refused: AtomicBool,
}

impl<P: Projection> SqliteTarget<P> {
    /// Opens the file of the projection's own build.
    pub(super) async fn dial(&self) -> Result<SqliteSession, ProjectorError> {
        let path = self.own();
        let Some(db) = self.open(&path).await? else { return Err(ProjectorError::not_set_up::<P>()) };
        let file = Identity::of(&path).map_err(|error| failed(sqlx::Error::Io(error)))?;
        SqliteSession::of(db, file).await
    }

    /// The error for user code that has ended a transaction.
    pub(super) const fn ended() -> SqliteTargetError {
        SqliteTargetError::TransactionEnded { projection: P::NAME, build: P::BUILD }
    }
}

impl SqliteSession {
    pub(super) async fn of(mut db: SqliteConnection, file: Identity) -> Result<Self, ProjectorError> {
        let commits = Arc::new(Commits::default());
        let asked = Arc::clone(&commits);
        db.lock_handle().await.map_err(failed)?.set_commit_hook(move || {
            let allowed = asked.allowed.load(Ordering::Acquire);
            if !allowed {
                asked.refused.store(true, Ordering::Release);
            }
            allowed
        });
        Ok(Self { db, file, commits })
    }

    /// Begins a transaction, with a savepoint that shows whether it is still the same one.
    ///
    /// The driver counts transactions to nest them, so it has to know of this one: otherwise a handler's
    /// `connection.begin()` would execute a BEGIN. Its count stays at one for as long as the connection
    /// lives.
    pub(super) async fn begin(&mut self) -> Result<(), ProjectorError> {
        self.commits.refused.store(false, Ordering::Release);
        if self.db.is_in_transaction() {
            self.run("BEGIN IMMEDIATE; SAVEPOINT es_batch").await
        } else {
            let begin = "BEGIN IMMEDIATE".into_sql_str();
            SqliteTransactionManager::begin(&mut self.db, Some(begin)).await.map_err(failed)?;
            self.run("SAVEPOINT es_batch").await
        }
    }

    /// Commits; the only way to commit on this connection.
    pub(super) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.commits.allowed.store(true, Ordering::Release);
        let done = raw_sql("COMMIT").execute(&mut self.db).await;
        self.commits.allowed.store(false, Ordering::Release);
        done.map(drop)
    }

    /// Rolls back. A transaction that has already ended, as after a disk error, was rolled back by itself.
    pub(super) async fn roll_back(&mut self) -> Result<(), ProjectorError> {
        match raw_sql("ROLLBACK").execute(&mut self.db).await {
            Err(error) if error.to_string().contains("no transaction is active") => Ok(()),
            done => done.map(drop).map_err(failed),
        }
    }

    /// Whether user code has tried to commit since the transaction began.
    pub(super) fn tried_to_commit(&self) -> bool {
        self.commits.refused.load(Ordering::Acquire)
    }

    pub(super) async fn run(&mut self, statement: &'static str) -> Result<(), ProjectorError> {
        super::files::run(&mut self.db, statement).await
    }
}

/// Whether one of our savepoints is gone, and its transaction with it.
pub(super) fn is_ended(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().starts_with("no such savepoint: es_"))
}

impl fmt::Debug for SqliteSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSession").finish_non_exhaustive()
    }
}

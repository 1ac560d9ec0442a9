//! Connections of a projection, and how long calls on them may take.

use std::error::Error;
use std::pin::pin;

use es_core::projection::{Projection, ProjectorError};
use sqlx::PgConnection;
use sqlx::error::DatabaseError;

use super::cause::with_sources;
use super::target::PostgresTarget;
use crate::connect::check::Backend;
use crate::connect::failure::Failure;
use crate::connect::lock_timeout::{LockHolder, LockTimeout, find_holders};
use crate::connect::settings::milliseconds;
use crate::connect::sqlstate::HELD_UP;
use crate::connect::watch::watched;

/// The server process of a session, to watch it.
#[derive(Debug)]
pub struct Watch(pub(super) Backend);

/// A connection outside the store's pool.
#[derive(Debug)]
pub struct WorkerSession {
    pub(super) connection: PgConnection,
    pub(super) backend: Backend,
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn dial(&self) -> Result<WorkerSession, ProjectorError> {
        self.store.pool().writes()?;
        let settings = &self.store.pool().settings;
        let program = format!("es projection {}", P::NAME);
        let (mut connection, _) = settings.dial_direct(&program, &[]).await?;
        let backend = Backend::of(&mut connection, self.statements());
        let backend = settings.answered(backend).await.map_err(Failure::from)?;
        Ok(WorkerSession { connection, backend })
    }

    /// Runs a transaction for as long as its server process is working on it. If it waits too long for a
    /// lock, the error names the holders.
    pub(super) async fn limited<T>(
        &self,
        doing: &str,
        backend: Backend,
        work: impl Future<Output = Result<T, ProjectorError>> + Send,
    ) -> Result<T, ProjectorError> {
        let (done, holders) = self.observed(backend, Box::pin(work)).await;
        done.map_err(|error| self.held_up(error, holders, || doing.to_owned()))
    }

    /// The same, and returns the holders of a lock that it waited for. The work is boxed, once for a
    /// transaction, as the futures around it would contain several copies.
    pub(super) async fn observed<T>(
        &self,
        backend: Backend,
        work: impl Future<Output = Result<T, ProjectorError>> + Send + Unpin,
    ) -> (Result<T, ProjectorError>, Vec<LockHolder>) {
        let pool = self.store.pool();
        let idle = self.longest_standstill().max(pool.settings.answer_within);
        let done = pin!(watched(pool, backend, idle, work));
        let (done, holders) = find_holders(pool, backend, pool.settings.longest_lock_wait, done).await;
        (done.map_err(ProjectorError::from).flatten(), holders)
    }

    /// Adds the holders of a lock to the error of a lock timeout.
    pub(super) fn held_up(
        &self,
        error: ProjectorError,
        holders: Vec<LockHolder>,
        doing: impl FnOnce() -> String,
    ) -> ProjectorError {
        // The user's code may have used NOWAIT.
        let theirs = !matches!(error, ProjectorError::Store(_));
        if !is_held_up(&error) || theirs && holders.is_empty() {
            return error;
        }
        let waiting = format!("{} of projection `{}` build {}", doing(), P::NAME, P::BUILD);
        ProjectorError::Store(LockTimeout::of(self.store.pool(), waiting, holders).into())
    }

    /// The statement that sets the `lock_timeout` of a transaction.
    pub(super) fn lock_timeout(&self) -> String {
        let longest = self.store.pool().settings.longest_lock_wait;
        format!("SET LOCAL lock_timeout = {}", milliseconds(longest))
    }
}

/// Whether this is a lock timeout, of our statements or of the projection's, that does not name the holders
/// yet.
pub(super) fn is_held_up(error: &(dyn Error + 'static)) -> bool {
    let in_error = |error: &(dyn Error + 'static)| {
        if let Some(timeout) = error.downcast_ref::<LockTimeout>() {
            return Some(timeout.holders.is_empty());
        }
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return Some(failure.is_held_up());
        }
        let code = error.downcast_ref::<sqlx::Error>()?.as_database_error().and_then(DatabaseError::code);
        Some(code.is_some_and(|code| code == HELD_UP))
    };
    with_sources(error).find_map(in_error).unwrap_or(false)
}

//! Calls in a transaction of the caller, on a connection that is not the store's own.
//!
//! How long they wait for locks is said with each call, as nobody knows what the session was told. Where an
//! answer does not come in time the connection counts as lost, and the caller's transaction with it.

use std::io;
use std::time::Duration;

use es_core::{StoreError, StreamId};
use sqlx::{Connection, PgConnection, Row, raw_sql};
use tokio::time::timeout;

use crate::append::CallError;
use crate::error::{Failure, unexpected};
use crate::lock_timeout::LockTimeout;
use crate::options::{Settings, milliseconds};
use crate::pool::Pool;

impl Settings {
    /// Waits for the answer to a call on the caller's connection that may have to wait for this many locks.
    pub(crate) async fn answered_to_caller<T, E: From<sqlx::Error>>(
        &self,
        locks: usize,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let longest = self.longest_answer(self.longest_lock_wait, locks);
        timeout(longest, answer).await.unwrap_or_else(|_| Err(lost(longest).into()))
    }

    /// How long such a call waits for each lock, in milliseconds.
    pub(crate) fn lock_timeout(&self) -> i64 {
        milliseconds(self.longest_lock_wait)
    }
}

fn lost(longest: Duration) -> sqlx::Error {
    let text = format!(
        "the server has not answered within {longest:?} on the caller's connection; its transaction is lost, and the \
         connection is to be closed"
    );
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// What a call in the caller's transaction has failed with.
pub(crate) fn failed<'a>(
    pool: &Pool,
    streams: impl IntoIterator<Item = &'a StreamId>,
    error: CallError,
) -> StoreError {
    match error {
        CallError::Refused(error) => error,
        CallError::Failed(failure) if failure.is_held_up() => {
            LockTimeout::new(pool, streams, Vec::new()).into()
        }
        CallError::Failed(failure) => failure.into(),
    }
}

/// Refuses a connection on which no transaction is open: each statement would be committed by itself.
///
/// The driver knows of a transaction that it has begun. Of one that was begun by a statement only the server
/// knows, and is asked: a savepoint is refused outside of a transaction, and leaves nothing behind within
/// one.
pub(crate) async fn has_begun(pool: &Pool, connection: &mut PgConnection) -> Result<(), StoreError> {
    if !connection.is_in_transaction() {
        let ask = raw_sql("SAVEPOINT es_caller; RELEASE SAVEPOINT es_caller");
        pool.settings.answered_to_caller(0, ask.execute(connection)).await.map_err(Failure::from)?;
    }
    Ok(())
}

/// Refuses a transaction that does not see what was committed since it began.
pub(crate) async fn reads_committed(pool: &Pool, connection: &mut PgConnection) -> Result<(), StoreError> {
    let ask = sqlx::query("SELECT current_setting('transaction_isolation')").persistent(false);
    let answer = pool.settings.answered_to_caller(0, ask.fetch_one(connection)).await;
    match answer.map_err(Failure::from)?.try_get(0).map_err(unexpected)? {
        "read committed" | "read uncommitted" => Ok(()),
        other => Err(StoreError::IsolationLevel { found: String::from(other) }),
    }
}

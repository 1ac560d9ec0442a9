//! Calls in a transaction of the caller, on a connection that is not the store's own.
//!
//! How long they wait for locks is said with each call, as nobody knows what the session was told. Where an
//! answer does not come in time the connection counts as lost, and the caller's transaction with it.

use std::io;
use std::time::Duration;

use es_core::StoreError;
use sqlx::{Connection, PgConnection, Row, raw_sql};
use tokio::time::timeout;

use crate::connect::columns::ONLY;
use crate::connect::failure::{Failure, unexpected};

/// Waits for the answer to a call on the caller's connection.
pub(crate) async fn answered<T, E: From<sqlx::Error>>(
    longest: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(longest, answer).await.unwrap_or_else(|_| Err(lost(longest).into()))
}

fn lost(longest: Duration) -> sqlx::Error {
    let text = format!(
        "the server has not answered within {longest:?} on the caller's connection; its transaction is lost, and the \
         connection is to be closed"
    );
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// Refuses a connection on which no transaction is open: each statement would be committed by itself.
///
/// The driver knows of a transaction that it has begun. Of one that was begun by a statement only the server
/// knows, and is asked: a savepoint is refused outside of a transaction, and leaves nothing behind within
/// one.
pub(crate) async fn has_begun(longest: Duration, connection: &mut PgConnection) -> Result<(), StoreError> {
    if !connection.is_in_transaction() {
        let ask = raw_sql("SAVEPOINT es_caller; RELEASE SAVEPOINT es_caller");
        answered(longest, ask.execute(connection)).await.map_err(Failure::from)?;
    }
    Ok(())
}

/// Refuses a transaction that does not see what was committed since it began.
pub(crate) async fn reads_committed(
    longest: Duration,
    connection: &mut PgConnection,
) -> Result<(), StoreError> {
    let ask = sqlx::query("SELECT current_setting('transaction_isolation')").persistent(false);
    let row = answered(longest, ask.fetch_one(connection)).await.map_err(Failure::from)?;
    match row.try_get(ONLY).map_err(unexpected)? {
        "read committed" | "read uncommitted" => Ok(()),
        other => Err(StoreError::IsolationLevel { found: String::from(other) }),
    }
}

//! Calls in a transaction of the caller, on a connection that is not the store's own.
//!
//! Each call sets its own lock timeout, as that of the session is unknown. If an answer does not arrive in
//! time, the connection counts as lost, and the caller's transaction with it.

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
        "the server has not answered within {longest:?} on the caller's connection; its transaction is lost; \
         close the connection"
    );
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// Fails if no transaction is open on a connection: each statement would be committed by itself.
///
/// The driver knows about transactions that it began itself. Only the server knows about one that was begun
/// by a statement, so it is asked: a savepoint fails outside a transaction, and leaves nothing behind in one.
pub(crate) async fn has_begun(longest: Duration, connection: &mut PgConnection) -> Result<(), StoreError> {
    if !connection.is_in_transaction() {
        let ask = raw_sql("SAVEPOINT es_caller; RELEASE SAVEPOINT es_caller");
        answered(longest, ask.execute(connection)).await.map_err(Failure::from)?;
    }
    Ok(())
}

/// Fails if a transaction does not see what was committed since it began.
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

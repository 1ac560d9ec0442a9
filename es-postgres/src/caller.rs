//! Whether the caller's connection is in a transaction in which the store can work.

use es_core::StoreError;
use sqlx::{Connection, PgConnection, Row, raw_sql};

use crate::error::{Failure, unexpected};

/// Refuses a connection on which no transaction is open: each statement would be committed by itself.
///
/// The driver knows of a transaction that it has begun. Of one that was begun by a statement only the server
/// knows, and is asked: a savepoint is refused outside of a transaction, and leaves nothing behind within
/// one.
pub(crate) async fn has_begun(connection: &mut PgConnection) -> Result<(), StoreError> {
    if !connection.is_in_transaction() {
        let ask = raw_sql("SAVEPOINT es_caller; RELEASE SAVEPOINT es_caller");
        ask.execute(connection).await.map_err(Failure::from)?;
    }
    Ok(())
}

/// Refuses a transaction that does not see what was committed since it began.
pub(crate) async fn reads_committed(connection: &mut PgConnection) -> Result<(), StoreError> {
    let ask = sqlx::query("SELECT current_setting('transaction_isolation')").persistent(false);
    let row = ask.fetch_one(connection).await.map_err(Failure::from)?;
    match row.try_get(0).map_err(unexpected)? {
        "read committed" | "read uncommitted" => Ok(()),
        other => Err(StoreError::IsolationLevel { found: String::from(other) }),
    }
}

//! The transactions that hold back readers of the whole store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::connect::call::rows;
use crate::connect::columns::open_appends;
use crate::connect::failure::unexpected;
use crate::connect::pool::Pool;

/// A transaction that has drawn a position and is still open; returned by
/// [`PostgresStore::open_appends`](crate::PostgresStore::open_appends).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OpenAppend {
    /// The server process; `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// The name of a prepared transaction, which waits for COMMIT PREPARED or ROLLBACK PREPARED.
    pub prepared: Option<String>,
    /// How long the transaction has been open, if this role may see that: the session is its own, or it has
    /// `pg_read_all_stats`.
    pub age: Option<Duration>,
    /// The program's `application_name`, if this role may see it.
    pub application_name: Option<String>,
    /// The state of its session, if this role may see it: `idle in transaction` for one that was left open.
    pub state: Option<String>,
}

pub(crate) async fn list(pool: &Arc<Pool>) -> Result<Vec<OpenAppend>, StoreError> {
    let found = rows(pool, pool.statements.open_appends.call()).await?;
    found.iter().map(|row| read(row).map_err(unexpected)).collect()
}

fn read(row: &PgRow) -> Result<OpenAppend, sqlx::Error> {
    let seconds: Option<f64> = row.try_get(open_appends::SECONDS)?;
    Ok(OpenAppend {
        pid: row.try_get(open_appends::PID)?,
        prepared: row.try_get(open_appends::PREPARED)?,
        application_name: row.try_get(open_appends::APPLICATION_NAME)?,
        state: row.try_get(open_appends::STATE)?,
        age: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    })
}

impl fmt::Display for OpenAppend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.prepared, self.pid) {
            (Some(name), _) => write!(f, "an append in the prepared transaction {name:?}")?,
            (None, Some(pid)) => write!(f, "an append in process {pid}")?,
            (None, None) => f.write_str("an append in a prepared transaction")?,
        }
        if let Some(name) = self.application_name.as_deref().filter(|name| !name.is_empty()) {
            write!(f, " of {name:?}")?;
        }
        if let Some(state) = &self.state {
            write!(f, " ({state})")?;
        }
        match self.age {
            Some(age) => write!(f, ", open for {:.1} s", age.as_secs_f64()),
            None => Ok(()),
        }
    }
}

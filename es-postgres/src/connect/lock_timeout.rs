//! The error of a call that waited too long for a lock, with the lock's holders.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use es_core::{StoreError, StreamId};
use futures_util::future::{Either, select};
use sqlx::Row;
use tokio::time::sleep;

use crate::connect::check::Backend;
use crate::connect::columns::lock_holders;
use crate::connect::failure::{CallError, Failure};
use crate::connect::pool::Pool;
use crate::connect::watch;

/// A call that waited for a lock for as long as
/// [`longest_lock_wait`](crate::PostgresOptions::longest_lock_wait) allows. Nothing was written, and trying
/// again can help. It is the source of [`StoreError::Backend`].
///
/// ```
/// fn log(error: &es_core::StoreError) {
///     if let es_core::StoreError::Backend { source, .. } = error
///         && let Some(timeout) = source.downcast_ref::<es_postgres::LockTimeout>()
///     {
///         println!("held up by {:?}", timeout.holders);
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LockTimeout {
    /// The streams of the append; empty for any other call.
    pub streams: Vec<StreamId>,
    /// How long the call waited for one lock.
    pub waited: Duration,
    /// The sessions that held the locks shortly before; empty if they could not be determined.
    pub holders: Vec<LockHolder>,
    /// The call that waited, for the message.
    waiting: String,
}

/// A session that holds a lock, or waits for it ahead of others.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LockHolder {
    /// The server process; `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// The program's `application_name`.
    pub application_name: Option<String>,
    /// How long its transaction has been open, if this role may see that: the session is its own, or it has
    /// `pg_read_all_stats`.
    pub age: Option<Duration>,
}

impl LockTimeout {
    /// The error of an append.
    pub(crate) fn new<'a>(
        pool: &Pool,
        streams: impl IntoIterator<Item = &'a StreamId>,
        holders: Vec<LockHolder>,
    ) -> Self {
        let streams: Vec<_> = streams.into_iter().cloned().collect();
        let names: Vec<_> = streams.iter().map(|stream| format!("{:?}", stream.to_string())).collect();
        Self { streams, ..Self::of(pool, format!("the append to {}", names.join(", ")), holders) }
    }

    /// The error of any other call.
    pub(crate) fn of(pool: &Pool, waiting: String, holders: Vec<LockHolder>) -> Self {
        pool.counters.lock_timeouts.count();
        Self { streams: Vec::new(), waited: pool.settings.longest_lock_wait, holders, waiting }
    }
}

/// Converts the error of a call in a transaction of the caller.
pub(crate) fn caller_error(pool: &Pool, stream: &StreamId, error: CallError) -> StoreError {
    match error {
        CallError::Refused(error) => error,
        CallError::Failed(failure) if failure.is_held_up() => {
            LockTimeout::new(pool, [stream], Vec::new()).into()
        }
        CallError::Failed(failure) => failure.into(),
    }
}

impl From<LockTimeout> for StoreError {
    fn from(timeout: LockTimeout) -> Self {
        Self::Backend { source: Box::new(timeout), retryable: true }
    }
}

impl std::error::Error for LockTimeout {}

impl fmt::Display for LockTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waiting, waited, .. } = self;
        write!(f, "{waiting} waited {waited:?} for a lock, so nothing was written; it is held by ")?;
        for (at, holder) in self.holders.iter().enumerate() {
            write!(f, "{}{holder}", if at == 0 { "" } else { ", " })?;
        }
        if self.holders.is_empty() {
            f.write_str("another transaction")?;
        }
        f.write_str("; end that transaction, or try again")
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("a prepared transaction")?,
        }
        if let Some(name) = self.application_name.as_deref().filter(|name| !name.is_empty()) {
            write!(f, " of {name:?}")?;
        }
        match self.age {
            Some(age) => write!(f, ", open for {:.1} s", age.as_secs_f64()),
            None => Ok(()),
        }
    }
}

/// Waits for the answer to a call that may have to wait for locks first, as [`find_holders`] does.
///
/// The call is pinned by the caller: moving it into each future would copy it each time.
pub(crate) async fn answered_or_held<T>(
    pool: &Arc<Pool>,
    backend: Backend,
    longest: Duration,
    locks: usize,
    call: Pin<&mut (impl Future<Output = Result<T, CallError>> + Send)>,
) -> (Result<T, CallError>, Vec<LockHolder>) {
    let answer = pin!(watch::answered_or_locked(pool, backend, longest, locks, call));
    find_holders(pool, backend, longest, answer).await
}

/// Waits for an answer; after half of the lock timeout, looks up who holds the lock.
pub(crate) async fn find_holders<T>(
    pool: &Pool,
    backend: Backend,
    longest: Duration,
    answer: Pin<&mut impl Future<Output = T>>,
) -> (T, Vec<LockHolder>) {
    let look = pin!(async {
        sleep(longest / 2).await;
        Box::pin(holders_of(pool, backend)).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the holder of the lock is unknown");
            Vec::new()
        })
    });
    match select(answer, look).await {
        Either::Left((answer, _)) => (answer, Vec::new()),
        Either::Right((holders, answer)) => (answer.await, holders),
    }
}

async fn holders_of(pool: &Pool, backend: Backend) -> Result<Vec<LockHolder>, StoreError> {
    if pool.settings.pooler {
        return Ok(Vec::new());
    }
    let mut session = pool.connect().await?;
    let call = pool.statements.lock_holders.call().bind(backend.pid);
    let rows =
        pool.settings.answered(call.fetch_all(&mut session.connection)).await.map_err(Failure::from)?;
    let read = |row: &sqlx::postgres::PgRow| -> Result<LockHolder, sqlx::Error> {
        let seconds: Option<f64> = row.try_get(lock_holders::SECONDS)?;
        Ok(LockHolder {
            pid: row.try_get::<Option<i32>, _>(lock_holders::PID)?.filter(|pid| *pid > 0),
            application_name: row.try_get(lock_holders::APPLICATION_NAME)?,
            age: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>().map_err(Failure::from)?)
}

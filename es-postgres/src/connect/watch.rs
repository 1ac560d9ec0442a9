//! Work without a time limit, which another session watches.

use std::pin::pin;
use std::time::Duration;

use crate::connect::check::Backend;
use crate::connect::failure::{CallError, Failure};
use crate::connect::pool::Pool;
use crate::connect::silence::watched_by;

/// Runs work in a transaction without a time limit, such as a handler. From time to time another session
/// checks that its server process is still working, and has not been idle in the transaction for longer than
/// `idle`.
pub(crate) async fn watched<T>(
    pool: &Pool,
    backend: Backend,
    idle: Duration,
    work: impl Future<Output = T> + Send,
) -> Result<T, Failure> {
    let connect = || async { Ok(pool.connect().await?.connection) };
    watched_by(&pool.settings, &pool.statements, connect, (backend, idle), pin!(work)).await
}

/// Waits for the answer to a call that may have to wait for locks first. A call that waits for a lock is
/// distinguished from one that the server knows nothing about.
pub(crate) async fn answered_or_locked<T>(
    pool: &Pool,
    backend: Backend,
    longest: Duration,
    locks: usize,
    call: impl Future<Output = Result<T, CallError>> + Send,
) -> Result<T, CallError> {
    let answer = pool.settings.answered_after(longest, locks, call);
    if pool.settings.pooler {
        return answer.await;
    }
    let answer = watched(pool, backend, pool.settings.answer_within, answer).await;
    answer.unwrap_or_else(|silent| Err(CallError::Failed(silent)))
}

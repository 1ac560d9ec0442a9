//! Work that takes as long as it takes, on a connection that somebody else looks after.

use std::pin::pin;
use std::time::Duration;

use crate::connect::check::Backend;
use crate::connect::failure::{CallError, Failure};
use crate::connect::pool::Pool;
use crate::connect::silence::watched_by;

/// Lets work in a transaction take as long as it takes, such as that of a handler, of which nobody knows when
/// an answer is due. Now and then another session asks whether its server process is still there for it, and
/// has been left alone for no longer than `idle`.
pub(crate) async fn watched<T>(
    pool: &Pool,
    backend: Backend,
    idle: Duration,
    work: impl Future<Output = T> + Send,
) -> Result<T, Failure> {
    let connect = || async { Ok(pool.connect().await?.connection) };
    watched_by(&pool.settings, &pool.statements, connect, (backend, idle), pin!(work)).await
}

/// Waits for the answer to a call that may have to wait so long for each of its locks first. One that waits
/// for a lock is told from one that the server knows nothing of.
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

//! Reads on a connection of the pool. A read whose connection was lost while idle is repeated transparently.

use std::sync::Arc;

use es_core::StoreError;

use crate::connect::failure::Failure;
use crate::connect::lease::Lease;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::metrics::CloseReason;

/// A read that can be repeated as long as nothing was delivered.
pub(crate) trait Read: Send {
    /// The result, besides what is delivered.
    type Done: Send;

    fn read(
        &mut self,
        session: &mut Session,
        pool: &Pool,
    ) -> impl Future<Output = Result<Self::Done, ReadError>> + Send;

    /// Whether the caller has received anything; then the read is not repeated.
    fn has_delivered(&self) -> bool;

    /// Whether the server is still sending unwanted rows: then the session is closed.
    fn leaves_unread(_done: &Self::Done) -> bool {
        false
    }
}

/// Why a read did not complete.
pub(crate) enum ReadError {
    /// The connection or the server failed.
    Failed(Failure),
    /// The sink stopped it, or a row was not as expected.
    Stopped(StoreError),
    /// Another connection failed before anything was read on this one.
    Elsewhere(StoreError),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Stopped(error)
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Failed(failure) => failure.into(),
            ReadError::Stopped(error) | ReadError::Elsewhere(error) => error,
        }
    }
}

/// Reads on a session of the pool.
pub(crate) async fn read<R: Read>(pool: &Arc<Pool>, mut what: R) -> Result<R::Done, StoreError> {
    loop {
        let mut lease = pool.lease().await?;
        let read = what.read(&mut lease.session, pool).await;
        if let Some(done) = settle(lease, read, &what) {
            return done;
        }
    }
}

/// Ends a read: returns the session to the pool if it is usable. Returns `None` if the read is to be
/// repeated.
fn settle<R: Read>(
    mut lease: Lease,
    read: Result<R::Done, ReadError>,
    what: &R,
) -> Option<Result<R::Done, StoreError>> {
    match read {
        Ok(done) => {
            match R::leaves_unread(&done) {
                true => lease.session.counted.closes_as(CloseReason::Done),
                false => lease.keep(),
            }
            Some(Ok(done))
        }
        Err(ReadError::Stopped(error)) => Some(Err(error)),
        Err(ReadError::Elsewhere(error)) => {
            lease.keep();
            Some(Err(error))
        }
        Err(ReadError::Failed(failure)) => {
            let again = lease.session.used && failure.ends_session() && !what.has_delivered();
            lease.keep_after(&failure);
            (!again).then(|| Err(failure.into()))
        }
    }
}

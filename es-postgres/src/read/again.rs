//! Reads on a connection of the pool. Where it idled while the server went away, a read is made again, and
//! nobody notices.

use std::sync::Arc;

use es_core::StoreError;

use crate::connect::failure::Failure;
use crate::connect::lease::Lease;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::metrics::CloseReason;

/// What is read in one go.
pub(crate) trait Read: Send {
    /// What it comes to, besides what is handed out.
    type Done: Send;

    fn read(
        &mut self,
        session: &mut Session,
        pool: &Pool,
    ) -> impl Future<Output = Result<Self::Done, ReadError>> + Send;

    /// Whether the caller has seen any of it. It is not read again then.
    fn handed_out(&self) -> bool;

    /// Whether the server is still sending what nobody wants any more: its session is thrown away.
    fn leaves_unread(_done: &Self::Done) -> bool {
        false
    }
}

/// How a read can end before its end.
pub(crate) enum ReadError {
    /// By the connection or the server.
    Failed(Failure),
    /// By the sink, or by a row that is not what it should be.
    Stopped(StoreError),
    /// On another connection, before anything was read on this one.
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

/// Ends a read: gives the session back, if that is worth it. `None` if the read is to be made again.
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
            let again = lease.session.used && failure.ends_session() && !what.handed_out();
            lease.keep_after(&failure);
            (!again).then(|| Err(failure.into()))
        }
    }
}

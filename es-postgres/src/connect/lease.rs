//! A session on loan.

use std::sync::Arc;

use es_core::StoreError;

use crate::connect::failure::Failure;
use crate::connect::pool::{Pool, Session};
use crate::connect::slots::Slot;
use crate::read::load::ReadError;
use crate::write::one::CallError;

/// A session on loan. Unless [`keep`](Self::keep) is called it is thrown away: its call was cancelled or has
/// failed half-way, and the answer may still be under way.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) pool: Arc<Pool>,
    pub(crate) session: Session,
    _slot: Slot,
}

impl Pool {
    /// An idle session, or a new one; waits while all are on loan.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let slot = self.slots.any(self.settings.longest_connection_wait).await?;
        self.lease_with(slot).await
    }

    /// The same for what others can keep waiting for long.
    pub(crate) async fn lease_kept(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let slot = self.slots.kept(self.settings.longest_connection_wait).await?;
        self.lease_with(slot).await
    }

    /// A session, for which there is a slot.
    pub(crate) async fn lease_with(self: &Arc<Self>, slot: Slot) -> Result<Lease, StoreError> {
        let idle = self.idle().take(self.settings.idle_timeout);
        let session = match idle {
            Some(session) => session,
            None => match self.connect().await {
                Err(busy) if busy.is_busy() => {
                    let spare = self.lanes.spare(self).ok_or(busy)?;
                    self.wait_for_locks(spare, self.settings.longest_lock_wait).await?
                }
                connected => connected?,
            },
        };
        Ok(Lease { pool: Arc::clone(self), session, _slot: slot })
    }
}

impl Lease {
    /// Gives the session back: its call is complete.
    pub(crate) fn keep(self) {
        let Self { pool, mut session, .. } = self;
        session.used = true;
        let mut idle = pool.idle();
        if pool.trusts(&session) && !pool.slots.is_closed() {
            idle.put(session, pool.settings.idle_timeout);
        }
    }

    /// The session, which is not given back.
    pub(crate) fn into_session(self) -> Session {
        self.session
    }

    /// Gives the session back after a call that may not have come to its end without a pooler's transaction.
    fn keep_unless_begun(self) {
        if !self.pool.settings.pooler {
            // Behind a pooler the transaction of the call may still be open; it ends with the connection.
            self.keep();
        }
    }

    /// Ends a read: gives the session back, if that is worth it. `None` if the read is to be repeated behind
    /// the caller's back: its connection idled while the server went away, and nothing was handed out yet.
    pub(crate) fn settle<T>(
        self,
        read: Result<T, ReadError>,
        handed_out: bool,
    ) -> Option<Result<T, StoreError>> {
        match read {
            Ok(done) => {
                self.keep();
                Some(Ok(done))
            }
            Err(ReadError::Stopped(error)) => Some(Err(error)),
            Err(ReadError::Elsewhere(error)) => {
                self.keep();
                Some(Err(error))
            }
            Err(ReadError::Failed(failure)) => {
                let again = self.session.used && failure.ends_session() && !handed_out;
                self.keep_after(&failure);
                (!again).then(|| Err(failure.into()))
            }
        }
    }

    /// Ends a call that writes: gives the session back, if that is worth it. What a failure means is for the
    /// caller to say.
    pub(crate) fn end<T>(self, answer: Result<T, CallError>) -> Result<Result<T, StoreError>, Failure> {
        match answer {
            Ok(done) => {
                self.keep();
                Ok(Ok(done))
            }
            Err(CallError::Refused(error)) => {
                self.keep_unless_begun();
                Ok(Err(error))
            }
            Err(CallError::Failed(failure)) => {
                self.keep_after(&failure);
                Err(failure)
            }
        }
    }

    /// Gives the session back after a failure, unless the failure is its own.
    pub(crate) fn keep_after(self, failure: &Failure) {
        if failure.ends_session() {
            self.pool.distrust();
        } else {
            self.keep_unless_begun();
        }
    }
}

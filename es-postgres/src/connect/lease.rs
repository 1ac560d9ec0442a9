//! A session on loan.

use std::sync::Arc;

use es_core::StoreError;

use crate::connect::failure::{CallError, Failure};
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::connect::slots::Slot;
use crate::metrics::Why;

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
        let mut session = match self.take_idle() {
            Some(session) => session,
            None => match self.connect().await {
                Err(busy) if busy.is_busy() => {
                    let spare = self.take_append_session().ok_or(busy)?;
                    self.wait_for_locks(spare, self.settings.longest_lock_wait).await?
                }
                connected => connected?,
            },
        };
        session.counted.goes(Why::Abandoned);
        Ok(Lease { pool: Arc::clone(self), session, _slot: slot })
    }

    /// A session that waits for no lock for long: one that was kept; or one that idles, as a new one costs
    /// many round trips, and a server process; or a new one; where the server has no connection left to give,
    /// one that readers do without.
    pub(crate) async fn append_session(self: &Arc<Self>) -> Result<Session, StoreError> {
        while let Some(mut session) = self.take_append_session() {
            if self.is_current(&session) {
                return Ok(session);
            }
            session.counted.goes(Why::Distrusted);
        }
        if let Some(idle) = self.take_idle()
            && let Ok(session) = self.wait_for_locks(idle, self.settings.lock_patience).await
        {
            return Ok(session);
        }
        let mut session = match self.connect_for_appends().await {
            Err(error) if error.is_busy() => {
                let session = self.lease().await?.into_session();
                self.wait_for_locks(session, self.settings.lock_patience).await?
            }
            connected => connected?,
        };
        session.counted.goes(Why::Abandoned);
        Ok(session)
    }

    /// Keeps such a session for the next time, unless it is of no more use.
    pub(crate) fn keep_append_session(&self, mut session: Session, failed: Option<&CallError>) {
        match failed {
            Some(CallError::Failed(failure)) if failure.ends_session() => self.invalidate_idle(&mut session),
            // Behind a pooler the transaction of the call may still be open; it ends with the connection.
            Some(_) if self.settings.pooler => session.counted.goes(Why::Done),
            _ => {
                session.used = true;
                self.idle_append_sessions().put(session, self.settings.idle_timeout);
            }
        }
    }

    /// One that nobody needs at present.
    fn take_append_session(&self) -> Option<Session> {
        self.idle_append_sessions().take(self.settings.idle_timeout)
    }
}

/// How a call that writes has ended.
pub(crate) enum Ended<T> {
    Answered(Result<T, StoreError>),
    /// The session broke while it idled, and nothing was sent. The others were thrown away with it, so that
    /// the call can be made again at once.
    LostWhileIdle,
    Failed(Failure),
}

impl Lease {
    /// Gives the session back: its call is complete.
    pub(crate) fn keep(self) {
        let Self { pool, session, .. } = self;
        pool.keep_idle(session);
    }

    /// The session, which is not given back.
    pub(crate) fn into_session(self) -> Session {
        self.session
    }

    /// Gives the session back after a call that may not have come to its end without a pooler's transaction.
    fn keep_unless_begun(mut self) {
        self.session.counted.goes(Why::Done);
        if !self.pool.settings.pooler {
            // Behind a pooler the transaction of the call may still be open; it ends with the connection.
            self.keep();
        }
    }

    /// Ends a call that writes: gives the session back, if that is worth it. What a failure means is for the
    /// caller to say.
    pub(crate) fn end<T>(self, answer: Result<T, CallError>) -> Ended<T> {
        match answer {
            Ok(done) => {
                self.keep();
                Ended::Answered(Ok(done))
            }
            Err(CallError::Refused(error)) => {
                self.keep_unless_begun();
                Ended::Answered(Err(error))
            }
            Err(CallError::Failed(failure)) => {
                let idled = self.session.used && failure.is_unsent();
                self.keep_after(&failure);
                if idled { Ended::LostWhileIdle } else { Ended::Failed(failure) }
            }
        }
    }

    /// Gives the session back after a failure, unless the failure is its own.
    pub(crate) fn keep_after(mut self, failure: &Failure) {
        if failure.ends_session() {
            self.pool.invalidate_idle(&mut self.session);
        } else {
            self.keep_unless_begun();
        }
    }
}

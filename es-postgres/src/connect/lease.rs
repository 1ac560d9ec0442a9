//! Leases of sessions from the pool.

use std::sync::Arc;

use es_core::StoreError;

use crate::connect::failure::{CallError, Failure};
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::connect::slots::Slot;
use crate::metrics::CloseReason;

/// A leased session. It is closed unless [`keep`](Self::keep) is called: its call was cancelled or failed
/// half-way, and an answer may still arrive.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) pool: Arc<Pool>,
    pub(crate) session: Session,
    _slot: Slot,
}

impl Pool {
    /// An idle session, or a new one; waits while all are leased.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let slot = self.slots.any(self.settings.longest_connection_wait).await?;
        self.lease_with(slot).await
    }

    /// The same for a call that others can keep waiting for long.
    pub(crate) async fn lease_kept(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let slot = self.slots.kept(self.settings.longest_connection_wait).await?;
        self.lease_with(slot).await
    }

    /// A session for which a slot was acquired.
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
        session.counted.closes_as(CloseReason::Abandoned);
        Ok(Lease { pool: Arc::clone(self), session, _slot: slot })
    }

    /// A session with the short lock timeout of appends: one that was kept; or an idle one of the pool, as a
    /// new one costs many round trips and a server process; or a new one; or, if the server accepts no more
    /// connections, one that is leased from the pool.
    pub(crate) async fn append_session(self: &Arc<Self>) -> Result<Session, StoreError> {
        while let Some(mut session) = self.take_append_session() {
            if self.is_current(&session) {
                return Ok(session);
            }
            session.counted.closes_as(CloseReason::Invalidated);
        }
        if let Some(idle) = self.take_idle()
            && let Ok(session) = self.wait_for_locks(idle, self.settings.append_lock_timeout).await
        {
            return Ok(session);
        }
        let mut session = match self.connect_for_appends().await {
            Err(error) if error.is_busy() => {
                let session = self.lease().await?.into_session();
                self.wait_for_locks(session, self.settings.append_lock_timeout).await?
            }
            connected => connected?,
        };
        session.counted.closes_as(CloseReason::Abandoned);
        Ok(session)
    }

    /// Keeps such a session for the next append, unless it is unusable.
    pub(crate) fn keep_append_session(&self, mut session: Session, failed: Option<&CallError>) {
        match failed {
            Some(CallError::Failed(failure)) if failure.ends_session() => self.invalidate_idle(&mut session),
            // Behind a pooler the transaction of the call may still be open; it ends with the connection.
            Some(_) if self.settings.pooler => session.counted.closes_as(CloseReason::Done),
            _ => {
                session.used = true;
                self.idle_append_sessions().put(session, self.settings.idle_timeout);
            }
        }
    }

    /// An idle session for appends.
    fn take_append_session(&self) -> Option<Session> {
        self.idle_append_sessions().take(self.settings.idle_timeout)
    }
}

/// How a call that writes ended.
pub(crate) enum Ended<T> {
    Answered(Result<T, StoreError>),
    /// The session broke while idle, and nothing was sent. The other idle ones were closed, so the call can
    /// be repeated at once.
    LostWhileIdle,
    Failed(Failure),
}

impl Lease {
    /// Returns the session to the pool: its call is complete.
    pub(crate) fn keep(self) {
        let Self { pool, session, .. } = self;
        pool.keep_idle(session);
    }

    /// The session, which is not returned to the pool.
    pub(crate) fn into_session(self) -> Session {
        self.session
    }

    /// Returns the session to the pool after a failed call, but not behind a pooler.
    fn keep_unless_begun(mut self) {
        self.session.counted.closes_as(CloseReason::Done);
        if !self.pool.settings.pooler {
            // Behind a pooler the transaction of the call may still be open; it ends with the connection.
            self.keep();
        }
    }

    /// Ends a call that writes: returns the session to the pool if it is usable. The caller interprets a
    /// failure.
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

    /// Returns the session to the pool after a failure, unless the session itself failed.
    pub(crate) fn keep_after(mut self, failure: &Failure) {
        if failure.ends_session() {
            self.pool.invalidate_idle(&mut self.session);
        } else {
            self.keep_unless_begun();
        }
    }
}

//! Idle sessions.

use std::time::{Duration, Instant};

use crate::connect::session::Session;
use crate::metrics::CloseReason;

/// A stack: the session that was used last is taken first, so those at the front have idled longest.
#[derive(Debug, Default)]
pub(crate) struct Idle(Vec<(Instant, Session)>);

impl Idle {
    /// Takes the session that was used last, unless it has idled for longer than this.
    pub(crate) fn take(&mut self, longest: Duration) -> Option<Session> {
        self.expire(longest);
        let (_, mut session) = self.0.pop()?;
        session.counted.closes_as(CloseReason::Abandoned);
        Some(session)
    }

    /// Puts a session back, and closes those that have idled for longer than this.
    pub(crate) fn put(&mut self, mut session: Session, longest: Duration) {
        self.expire(longest);
        session.counted.closes_as(CloseReason::Done);
        self.0.push((Instant::now(), session));
    }

    fn expire(&mut self, longest: Duration) {
        let expired = self.0.partition_point(|(since, _)| since.elapsed() > longest);
        for (_, mut session) in self.0.drain(..expired) {
            session.counted.closes_as(CloseReason::Expired);
        }
    }

    /// Closes all sessions.
    pub(crate) fn clear(&mut self) {
        for (_, mut session) in self.0.drain(..) {
            session.counted.closes_as(CloseReason::Invalidated);
        }
    }

    /// Takes all sessions.
    pub(crate) fn take_all(&mut self) -> Vec<Session> {
        self.0.drain(..).map(|(_, session)| session).collect()
    }
}

//! Sessions that nobody needs at present.

use std::time::{Duration, Instant};

use crate::connect::session::Session;
use crate::metrics::Why;

/// The last one to be put here is the first to be taken, so that those at the front are not needed.
#[derive(Debug, Default)]
pub(crate) struct Idle(Vec<(Instant, Session)>);

impl Idle {
    /// The one that was used last, for a call; none that has idled for longer than this.
    pub(crate) fn take(&mut self, longest: Duration) -> Option<Session> {
        self.expire(longest);
        let (_, mut session) = self.0.pop()?;
        session.counted.goes(Why::Abandoned);
        Some(session)
    }

    /// Puts one back, and throws those away that have idled for longer than this.
    pub(crate) fn put(&mut self, mut session: Session, longest: Duration) {
        self.expire(longest);
        session.counted.goes(Why::Done);
        self.0.push((Instant::now(), session));
    }

    fn expire(&mut self, longest: Duration) {
        let expired = self.0.partition_point(|(since, _)| since.elapsed() > longest);
        for (_, mut session) in self.0.drain(..expired) {
            session.counted.goes(Why::Expired);
        }
    }

    /// Throws all away.
    pub(crate) fn clear(&mut self) {
        for (_, mut session) in self.0.drain(..) {
            session.counted.goes(Why::Distrusted);
        }
    }

    /// Takes all out.
    pub(crate) fn take_all(&mut self) -> Vec<Session> {
        self.0.drain(..).map(|(_, session)| session).collect()
    }
}

//! When a subscription reads: at once while there is more; at the end, when the store notifies it or by
//! polling.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::store::{Listener, Rest};

/// The first wait for an append that holds back what follows it; doubles up to [`LONGEST_HOLD`].
const FIRST_HOLD: Duration = Duration::from_millis(2);
const LONGEST_HOLD: Duration = Duration::from_millis(100);

/// The first time between two reads that keep finding something; doubles up to [`LONGEST_GATHER`].
const FIRST_GATHER: Duration = Duration::from_millis(1);
const LONGEST_GATHER: Duration = Duration::from_millis(10);
/// Reads that find something no further apart than this, or than one and a half times the time between them,
/// count as keeping on finding something.
const STEADY_GAP: Duration = Duration::from_millis(5);

/// What the next read waits for. Dropping a future loses nothing here: every wait is for an instant, not for
/// a duration.
#[derive(Debug)]
pub(super) struct Pace {
    poll_every: Duration,
    next: Next,
    /// How long to wait for an append that holds back what follows it.
    hold: Duration,
    /// How long to let events come together after a look; zero unless they keep coming.
    gather: Duration,
    /// The last read that found something.
    found: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    AtOnce,
    /// At the end: when the store rings, but not before the first instant, and in any case at the second.
    AtRing(Instant, Instant),
    /// After a failure, regardless of rings.
    At(Instant),
}

/// How a read is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Once,
    /// Events keep coming, so the next read is near.
    Again,
}

/// What a read has found that was not known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Something,
}

impl Pace {
    pub(super) const fn new(poll_every: Duration) -> Self {
        Self { poll_every, next: Next::AtOnce, hold: FIRST_HOLD, gather: Duration::ZERO, found: None }
    }

    pub(super) const fn poll_every(&mut self, interval: Duration) {
        self.poll_every = interval;
    }

    pub(super) const fn look_at_once(&mut self) {
        self.next = Next::AtOnce;
    }

    /// A read has failed.
    pub(super) fn failed(&mut self) {
        self.next = Next::At(after(Instant::now(), self.poll_every));
    }

    /// A read has found what there is.
    pub(super) fn looked(&mut self, rest: Rest, found: Found) {
        let anything = found == Found::Something;
        let longest = match rest {
            Rest::More => return self.look_at_once(),
            Rest::Held => {
                // While other appends complete beside it, waiting a little finds more of them at once.
                let hold = self.hold.min(if anything { LONGEST_GATHER } else { LONGEST_HOLD });
                self.hold = hold * 2;
                hold.min(self.poll_every)
            }
            Rest::Nothing => {
                self.hold = FIRST_HOLD;
                self.poll_every
            }
        };
        let now = Instant::now();
        let again = STEADY_GAP.max(self.gather * 3 / 2);
        let busy = self.found.is_some_and(|found| now.duration_since(found) <= again);
        self.gather = match busy {
            true => (self.gather * 2).clamp(FIRST_GATHER, LONGEST_GATHER),
            false => Duration::ZERO,
        };
        if anything {
            self.found = Some(now);
        }
        // The wait ends at an instant that is the same for all: half to one and a half of the time from now.
        self.next = Next::AtRing(after(now, self.gather / 2), after(now, longest.max(self.gather)));
    }

    /// How the next read is done.
    pub(super) const fn look(&self) -> Look {
        match self.next {
            Next::AtRing(..) if !self.gather.is_zero() => Look::Again,
            _ => Look::Once,
        }
    }

    /// Waits until it is time to read.
    pub(super) async fn wait(&self, listener: &mut Listener) {
        match self.next {
            Next::AtOnce => {}
            Next::At(moment) => sleep_until(moment).await,
            Next::AtRing(first, last) => {
                sleep_until(listener.common(first, self.gather)).await;
                let _rung = timeout_at(last, listener.rung()).await;
            }
        }
    }
}

/// An instant that is too far away for the clock is never reached.
fn after(moment: Instant, time: Duration) -> Instant {
    const YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 3_600);
    moment + time.min(YEARS)
}

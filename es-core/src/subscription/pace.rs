//! When a subscription looks: at once while there is more, at the word of the store or by the clock at the
//! end.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::store::{Listener, Rest};

/// The first wait for an append that holds back what follows it; doubles up to [`LONGEST_HOLD`].
const FIRST_HOLD: Duration = Duration::from_millis(2);
const LONGEST_HOLD: Duration = Duration::from_millis(100);

/// The first time between two looks while they find something again and again; doubles up to
/// [`LONGEST_GATHER`].
const FIRST_GATHER: Duration = Duration::from_millis(1);
const LONGEST_GATHER: Duration = Duration::from_millis(10);
/// No further apart than this, or than half as long again as the time between them, looks that find something
/// do so again and again.
const AGAIN: Duration = Duration::from_millis(5);

/// What the next look waits for. Nothing here is lost with a future that is dropped: every wait is for a
/// moment, not for a time.
#[derive(Debug)]
pub(super) struct Pace {
    poll_every: Duration,
    next: Next,
    /// How long to wait for an append that holds back what follows it.
    hold: Duration,
    /// How long to let events come together after a look; zero unless they keep coming.
    gather: Duration,
    /// The last look that found something.
    found: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    AtOnce,
    /// At the end: when the store rings, but not before the first moment, and in any case at the second.
    AtRing(Instant, Instant),
    /// After a failure, whoever rings.
    At(Instant),
}

/// How a look is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Once,
    /// Events keep coming, so that the next look is not far.
    Again,
}

/// What a look has found that was not known before.
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

    /// A look has failed.
    pub(super) fn failed(&mut self) {
        self.next = Next::At(after(Instant::now(), self.poll_every));
    }

    /// A look has found what there is.
    pub(super) fn looked(&mut self, rest: Rest, found: Found) {
        let anything = found == Found::Something;
        let longest = match rest {
            Rest::More => return self.look_at_once(),
            Rest::Held => {
                // While others get through beside it, a little patience finds more of them at once.
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
        let again = AGAIN.max(self.gather * 3 / 2);
        let busy = self.found.is_some_and(|found| now.duration_since(found) <= again);
        self.gather = match busy {
            true => (self.gather * 2).clamp(FIRST_GATHER, LONGEST_GATHER),
            false => Duration::ZERO,
        };
        if anything {
            self.found = Some(now);
        }
        // The wait ends at a moment that is the same for all: half to one and a half of the time from now.
        self.next = Next::AtRing(after(now, self.gather / 2), after(now, longest.max(self.gather)));
    }

    /// How the next look is taken.
    pub(super) const fn look(&self) -> Look {
        match self.next {
            Next::AtRing(..) if !self.gather.is_zero() => Look::Again,
            _ => Look::Once,
        }
    }

    /// Waits until it is time to look.
    pub(super) async fn wait(&self, listener: &mut Listener) {
        match self.next {
            Next::AtOnce => {}
            Next::At(moment) => sleep_until(moment).await,
            Next::AtRing(first, last) => {
                sleep_until(listener.common(first, self.gather)).await;
                let _rung = timeout_at(last, listener.heard()).await;
            }
        }
    }
}

/// A moment that is too far away for the clock is one that nobody lives to see.
fn after(moment: Instant, time: Duration) -> Instant {
    const YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 3_600);
    moment + time.min(YEARS)
}

//! The clock by which timers are due.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::record::stored_now;

/// The longest wait before the system's clock is checked again, as it may be set.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// The clock by which timers of a process are due. Its clones are the same clock.
///
/// If the clock is set back, nothing fires twice; if it jumps ahead, what is due fires at once.
#[derive(Clone)]
pub struct Clock(Arc<Hands>);

enum Hands {
    System,
    /// Microseconds since 1970, set by the caller.
    Set(Moving),
    /// By the times at which the inputs occurred.
    Following(Moving),
}

struct Moving {
    micros: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// The clock of the system, the default of runners.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Hands::System))
    }

    /// A clock that stands still until it is [set](Self::set), for tests.
    #[must_use]
    pub fn at(time: OffsetDateTime) -> Self {
        Self(Arc::new(Hands::Set(Moving::at(time))))
    }

    /// A clock that follows the times at which the inputs occurred, for the replay of an old log: a timer
    /// fires before the first input of its process that occurred at its time or later. What a process does is
    /// then recorded with these times as well. Keep the inputs in one partition, so that they share one time.
    ///
    /// A program that starts again reads the inputs that were taken before, for their times.
    #[must_use]
    pub fn following() -> Self {
        Self(Arc::new(Hands::Following(Moving { micros: AtomicI64::new(i64::MIN), moved: Notify::new() })))
    }

    /// Sets a clock made by [`at`](Self::at), ahead or back. Other clocks are unchanged.
    pub fn set(&self, time: OffsetDateTime) {
        if let Hands::Set(moving) = &*self.0 {
            moving.micros.store(micros(time), Ordering::Relaxed);
            moving.moved.notify_waiters();
        }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        match &*self.0 {
            Hands::System => stored_now(),
            Hands::Set(moving) | Hands::Following(moving) => moving.now(),
        }
    }

    /// Whether it follows the inputs.
    pub(crate) fn follows(&self) -> bool {
        matches!(*self.0, Hands::Following(_))
    }

    /// An input that occurred at this time was processed.
    pub(crate) fn seen(&self, time: OffsetDateTime) {
        if let Hands::Following(moving) = &*self.0
            && moving.micros.fetch_max(micros(time), Ordering::Relaxed) < micros(time)
        {
            moving.moved.notify_waiters();
        }
    }

    /// Waits until that time may have come.
    pub(crate) async fn reach(&self, time: Option<OffsetDateTime>) {
        let rest = time.map(|time| time - self.now());
        if rest.is_some_and(|rest| !rest.is_positive()) {
            return;
        }
        match &*self.0 {
            Hands::System => {
                let rest = rest.map_or(LONGEST_LOOK, time::Duration::unsigned_abs);
                tokio::time::sleep(rest.min(LONGEST_LOOK)).await;
            }
            Hands::Set(moving) | Hands::Following(moving) => {
                let moved = moving.moved.notified();
                if time.is_none_or(|time| moving.now() < time) {
                    moved.await;
                }
            }
        }
    }
}

impl Moving {
    fn at(time: OffsetDateTime) -> Self {
        Self { micros: AtomicI64::new(micros(time)), moved: Notify::new() }
    }

    fn now(&self) -> OffsetDateTime {
        let nanos = i128::from(self.micros.load(Ordering::Relaxed)) * 1_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos)
            .unwrap_or(time::macros::datetime!(-4712-01-01 00:00 UTC))
    }
}

fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

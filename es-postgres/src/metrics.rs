//! Counters of a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use es_core::store::AppendOutcome;

/// Counters of a [`PostgresStore`](crate::PostgresStore) and its clones since it was opened, and gauges of
/// its current state; returned by [`PostgresStore::metrics`](crate::PostgresStore::metrics).
///
/// All except the gauges only grow: subtract two values to get recent activity. They cover this program
/// alone. `docs/operations.md` explains how to use each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StoreMetrics {
    /// Appends that were stored, one for each stream; those in a transaction of the caller count once they
    /// are written.
    pub appends: u64,
    /// The events in them.
    pub events: u64,
    /// Appends that were refused because the stream was at another revision.
    pub conflicts: u64,
    /// Appends whose connection was lost before the answer came.
    pub lost_answers: u64,
    /// Of the [`lost_answers`](Self::lost_answers), those that were found to be stored.
    pub found_answers: u64,
    /// Of the [`lost_answers`](Self::lost_answers), those whose outcome could not be determined:
    /// [`OutcomeUnknown`](es_core::StoreError::OutcomeUnknown).
    pub unknown_outcomes: u64,
    /// Calls that had to wait for a lock of another transaction for longer than
    /// [`append_lock_timeout`](crate::PostgresOptions::append_lock_timeout).
    pub lock_waits: u64,
    /// Calls that ended with a [`LockTimeout`](crate::LockTimeout).
    pub lock_timeouts: u64,
    /// Gauge: appends that wait to be sent.
    pub waiting_appends: u64,
    /// Gauge: the bytes of their payloads and metadata, which
    /// [`PostgresOptions::waiting_bytes`](crate::PostgresOptions::waiting_bytes) limits.
    pub waiting_bytes: u64,
    /// Appends that had to wait for a place in the queue.
    pub place_waits: u64,
    /// Appends that got none in time: [`PoolTimeout`](crate::PoolTimeout) of
    /// [`Scarce::Appends`](crate::Scarce::Appends).
    pub place_timeouts: u64,
    /// The longest of those waits.
    pub longest_place_wait: Duration,
    /// Gauge: how many of the [`connections`](crate::PostgresOptions::connections) are in use.
    pub connections_in_use: u64,
    /// Calls that had to wait for one of them.
    pub connection_waits: u64,
    /// Calls that got none in time: other [`PoolTimeout`](crate::PoolTimeout)s.
    pub connection_timeouts: u64,
    /// The longest of those waits.
    pub longest_connection_wait: Duration,
    /// Gauge: open sessions, which are `connections`, those of appends, and that of the high-water mark.
    /// Those of projectors, NOTIFY and LISTEN are not counted.
    pub sessions: u64,
    /// Sessions that were opened.
    pub sessions_opened: u64,
    /// Sessions that a call found to be lost or unusable.
    pub sessions_lost: u64,
    /// Idle sessions that were closed because another one was lost.
    pub sessions_distrusted: u64,
    /// Sessions that were closed after [`idle_timeout`](crate::PostgresOptions::idle_timeout).
    pub sessions_expired: u64,
    /// Sessions that were closed because their call was cancelled, such as by a timeout of the caller, or
    /// because a [`StoreConnection`](crate::StoreConnection) was dropped without `give_back`.
    pub sessions_abandoned: u64,
    /// Pages of the whole store that were read from the server.
    pub pages: u64,
    /// Pages that a reader got from another reader of this program.
    pub shared_pages: u64,
}

/// The live counters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    appends: Counter,
    events: Counter,
    conflicts: Counter,
    pub(crate) lost_answers: Counter,
    pub(crate) found_answers: Counter,
    pub(crate) unknown_outcomes: Counter,
    pub(crate) lock_waits: Counter,
    pub(crate) lock_timeouts: Counter,
    pub(crate) places: Waits,
    pub(crate) connections: Waits,
    sessions_opened: Counter,
    sessions_closed: Counter,
    sessions_lost: Counter,
    sessions_distrusted: Counter,
    sessions_expired: Counter,
    sessions_abandoned: Counter,
    pub(crate) pages: Counter,
    pub(crate) shared_pages: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits for a limited resource.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    waits: Counter,
    timeouts: Counter,
    longest_micros: AtomicU64,
}

impl Waits {
    /// Counts a wait, and whether it succeeded.
    pub(crate) fn waited<T, E>(&self, waited: Duration, got: &Result<T, E>) {
        self.waits.count();
        self.timeouts.add(usize::from(got.is_err()));
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.longest_micros.fetch_max(micros, Ordering::Relaxed);
    }

    fn longest(&self) -> Duration {
        Duration::from_micros(self.longest_micros.load(Ordering::Relaxed))
    }
}

/// Counts a session while it is open, and the reason why it is closed.
#[derive(Debug)]
pub(crate) struct Counted {
    counters: Arc<Counters>,
    reason: CloseReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// It is no longer needed, or the store is closed.
    Done,
    Lost,
    Invalidated,
    Expired,
    /// A call on it has not ended.
    Abandoned,
}

impl Counted {
    pub(crate) fn opened(counters: &Arc<Counters>) -> Self {
        counters.sessions_opened.count();
        Self { counters: Arc::clone(counters), reason: CloseReason::Done }
    }

    /// Sets the reason that counts if it is closed now.
    pub(crate) const fn closes_as(&mut self, reason: CloseReason) {
        self.reason = reason;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let counters = &self.counters;
        counters.sessions_closed.count();
        match self.reason {
            CloseReason::Done => {}
            CloseReason::Lost => counters.sessions_lost.count(),
            CloseReason::Invalidated => counters.sessions_distrusted.count(),
            CloseReason::Expired => counters.sessions_expired.count(),
            CloseReason::Abandoned => counters.sessions_abandoned.count(),
        }
    }
}

impl Counters {
    /// Counts the outcome of an append of this many events; `None` is a failure.
    pub(crate) fn append(&self, events: usize, outcome: Option<&AppendOutcome>) {
        match outcome {
            Some(AppendOutcome::Appended(_)) => {
                self.appends.count();
                self.events.add(events);
            }
            Some(AppendOutcome::Conflict { .. }) => self.conflicts.count(),
            _ => {}
        }
    }

    /// All counters, and the gauge of sessions; the caller adds the other gauges.
    pub(crate) fn read(&self) -> StoreMetrics {
        let closed = self.sessions_closed.get();
        let opened = self.sessions_opened.get();
        StoreMetrics {
            appends: self.appends.get(),
            events: self.events.get(),
            conflicts: self.conflicts.get(),
            lost_answers: self.lost_answers.get(),
            found_answers: self.found_answers.get(),
            unknown_outcomes: self.unknown_outcomes.get(),
            lock_waits: self.lock_waits.get(),
            lock_timeouts: self.lock_timeouts.get(),
            place_waits: self.places.waits.get(),
            place_timeouts: self.places.timeouts.get(),
            longest_place_wait: self.places.longest(),
            connection_waits: self.connections.waits.get(),
            connection_timeouts: self.connections.timeouts.get(),
            longest_connection_wait: self.connections.longest(),
            sessions: opened.saturating_sub(closed),
            sessions_opened: opened,
            sessions_lost: self.sessions_lost.get(),
            sessions_distrusted: self.sessions_distrusted.get(),
            sessions_expired: self.sessions_expired.get(),
            sessions_abandoned: self.sessions_abandoned.get(),
            pages: self.pages.get(),
            shared_pages: self.shared_pages.get(),
            ..StoreMetrics::default()
        }
    }
}

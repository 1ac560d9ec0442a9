//! Options of a command, and how often a decision is retried.

use std::borrow::Cow;
use std::time::Duration;

use crate::record::{Metadata, Recorded, TRACEPARENT};
use crate::store::CommandKey;
use crate::stream::Revision;

/// Options of a command.
///
/// ```
/// use es_core::uuid::Uuid;
/// use es_core::{ExecuteOptions, Metadata};
///
/// let options = ExecuteOptions::new()
///     .metadata(Metadata::new().actor("clerk-112"))
///     .command_id(Uuid::nil());
/// # drop(options);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecuteOptions {
    pub(super) metadata: Metadata,
    pub(super) command: Option<CommandKey>,
    pub(super) command_name: Option<Cow<'static, str>>,
    pub(super) expected: Option<Revision>,
    pub(super) remember: Remember,
}

/// Which decisions that write nothing are remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Remember {
    #[default]
    Nothing,
    /// That there was nothing to do. A rejected command is decided again.
    Empty,
    All,
}

impl ExecuteOptions {
    /// Default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For a command caused by an event, such as a message of another service: the event's id is the [command
    /// id](Self::command_id), so that the event causes it once, and the causation id; correlation id and
    /// trace context are passed on.
    #[must_use]
    pub fn for_event<E>(event: &Recorded<E>) -> Self {
        let mut metadata = Metadata::new().causation_id(event.event_id);
        metadata.correlation_id = event.metadata.correlation_id;
        if let Some(trace) = event.metadata.entries.get(TRACEPARENT) {
            metadata.entries.insert(TRACEPARENT.to_owned(), trace.clone());
        }
        Self::new().metadata(metadata).command_id(event.event_id)
    }

    /// The metadata of the command's events. If a [reactor](crate::reactor::Reactor) executes the command,
    /// the causation id defaults to the id of the event that it reacts to, and the correlation id to that
    /// event's, or to the event's id. Tasks that a reaction spawns have no such defaults.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// The idempotency key: under one id the command is executed once per aggregate, and every repetition
    /// returns the first outcome. A command of another [name](Self::command_name) under the same id is
    /// [`StoreError::CommandIdReused`](crate::StoreError::CommandIdReused); a [`CommandKey`] with a hash also
    /// distinguishes two bodies of one name.
    ///
    /// Only what was written is remembered. A command that is rejected, or yields no events, writes nothing:
    /// repeating it decides again, on the state at that time, unless it has
    /// [`remember_decision`](Self::remember_decision).
    #[must_use]
    pub fn command_id(mut self, key: impl Into<CommandKey>) -> Self {
        self.command = Some(key.into());
        self
    }

    /// The command's name in the command ledger, by which commands of one id are compared. Defaults to the
    /// name of the command's type without its path: set it before renaming a type whose commands may still be
    /// repeated. A closure's is `decide`.
    #[must_use]
    pub fn command_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.command_name = Some(name.into());
        self
    }

    /// Also remembers that the command was rejected, or yielded no events, if it has a [command
    /// id](Self::command_id): a repetition returns the same result, whatever the state is by then, and with
    /// or without this option. Useful if a command can be delivered more than once and must not succeed the
    /// second time.
    ///
    /// The domain's error is not stored. A repeated rejection is decided again on the state of the revision
    /// on which it was first decided, and must be rejected again: so the decision must depend on the state
    /// and the command alone. If it is no longer rejected, nothing is written:
    /// [`StoreError::NotRejectedAgain`](crate::StoreError::NotRejectedAgain).
    ///
    /// It costs a write and its round trip for each command without events, and a row that is kept until the
    /// command ledger is pruned. Repeating a rejection costs a load of the former state. In the caller's
    /// transaction the decision is remembered if the caller commits, also after a rejection.
    ///
    /// ```
    /// use es_core::uuid::Uuid;
    /// use es_core::ExecuteOptions;
    ///
    /// let options = ExecuteOptions::new().command_id(Uuid::nil()).remember_decision();
    /// # drop(options);
    /// ```
    #[must_use]
    pub const fn remember_decision(mut self) -> Self {
        self.remember = Remember::All;
        self
    }

    /// Also remembers that the command yielded no events, but not a rejection.
    pub(crate) const fn remember_empty(mut self) -> Self {
        self.remember = Remember::Empty;
        self
    }

    /// Decides only on the state at this revision; at any other the result is a conflict, and nothing is
    /// retried.
    #[must_use]
    pub const fn expected_revision(mut self, revision: Revision) -> Self {
        self.expected = Some(revision);
        self
    }
}

/// How often a decision is retried after a conflict or a transient failure, and the backoff in between.
///
/// The wait is random between zero and a bound that doubles each time (exponential backoff with full jitter).
/// The first retry after a conflict does not wait: another program has appended, so the state to decide on is
/// there.
///
/// ```
/// use es_core::Retry;
/// use std::time::Duration;
///
/// let patient = Retry::default().within(Duration::from_secs(60));
/// # let _ = patient;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// The maximum number of retries.
    pub times: u32,
    /// The bound of the first wait.
    pub first_wait: Duration,
    /// The maximum of the bound.
    pub longest_wait: Duration,
    /// A failure of the store is not retried once the command has taken this long: the store has then waited
    /// itself, for a lock of another transaction, for a connection or for a server. Defaults to less than any
    /// store waits for those. A conflict is retried nevertheless: other programs make progress.
    pub within: Duration,
}

impl Default for Retry {
    /// Ten retries, from 2 ms up to 250 ms: about a second in all, besides the time that the store takes.
    /// Failures of the store are retried within 5 seconds.
    fn default() -> Self {
        Self {
            times: 10,
            first_wait: Duration::from_millis(2),
            longest_wait: Duration::from_millis(250),
            within: Duration::from_secs(5),
        }
    }
}

impl Retry {
    /// Never.
    pub const NEVER: Self =
        Self { times: 0, first_wait: Duration::ZERO, longest_wait: Duration::ZERO, within: Duration::ZERO };

    /// With another maximum number of retries.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// With another bound of the first wait, which doubles with each one.
    #[must_use]
    pub const fn first_wait(mut self, bound: Duration) -> Self {
        self.first_wait = bound;
        self
    }

    /// With another maximum of that bound.
    #[must_use]
    pub const fn longest_wait(mut self, bound: Duration) -> Self {
        self.longest_wait = bound;
        self
    }

    /// With another time within which failures of the store are retried.
    #[must_use]
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// The wait before the next retry, after `done` of them.
    pub(super) fn wait(self, done: u32) -> Duration {
        let bound = self.first_wait.saturating_mul(1_u32.checked_shl(done).unwrap_or(u32::MAX));
        bound.min(self.longest_wait).mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_their_bounds() {
        let retry = Retry::default();
        for done in [0, 1, 5, 31, 32, u32::MAX] {
            for _ in 0..100 {
                let bound =
                    retry.first_wait.saturating_mul(2_u32.saturating_pow(done)).min(retry.longest_wait);
                assert!(retry.wait(done) <= bound);
            }
        }
        assert_eq!(Retry::NEVER.wait(3), Duration::ZERO);
    }
}

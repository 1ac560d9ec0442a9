//! The jobs of the lane, and how it and a caller agree on whether a job can still be cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use es_core::model::NewSnapshot;
use es_core::store::{AppendOutcome, Registration, Remembered};
use es_core::{Revision, StoreError, StreamId};
use tokio::sync::oneshot;

use super::part::{Decided, Part};
use super::turn::Turn;
use crate::upkeep::checkpoint::Checkpointed;

pub(crate) enum Work {
    /// One append or, if `several`, a batch of them.
    Append {
        parts: Vec<Part>,
        several: bool,
    },
    Remember(Decided),
    Snapshot(NewSnapshot),
    Register(Vec<Registration>),
    Rename {
        name: String,
        was: Vec<String>,
    },
    Close {
        stream: StreamId,
        expected: Revision,
    },
    Checkpoint,
    /// The connection, for a transaction of the caller's.
    Lend,
    /// Ends the lane.
    End,
}

pub(crate) enum Done {
    Appended(Vec<AppendOutcome>),
    Remembered(Remembered),
    Changed(bool),
    Checkpointed(Checkpointed),
    Lent(Turn),
}

pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) ticket: Ticket,
    /// When it was queued.
    pub(crate) since: Instant,
    pub(crate) reply: oneshot::Sender<Result<Done, StoreError>>,
    /// For an append that was submitted: checked by the next append to its stream.
    pub(crate) link: Option<Link>,
}

/// Whether a job waits, has begun, or was cancelled by its caller.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket(Arc<AtomicU8>);

const WAITS: u8 = 0;
const BEGUN: u8 = 1;
const CANCELLED: u8 = 2;

impl Ticket {
    /// From now on it is executed, whatever its caller does. Returns `false` if it was cancelled.
    pub(crate) fn begin(&self) -> bool {
        self.swap(BEGUN)
    }

    /// It will never be executed, unless it has already begun.
    pub(crate) fn cancel(&self) -> bool {
        self.swap(CANCELLED)
    }

    fn swap(&self, to: u8) -> bool {
        self.0.compare_exchange(WAITS, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Cancels a job when its caller is dropped.
pub(crate) struct CancelOnDrop(pub(crate) Ticket);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The outcome of an append that was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubmittedOutcome {
    Written = 1,
    Refused = 2,
}

/// Links an append that was submitted to the previous one on its stream. An append that builds on a rejected
/// one is rejected as well, even if the stream happens to be at the expected revision.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link {
    outcome: Arc<AtomicU8>,
    before: Option<Arc<AtomicU8>>,
}

impl Link {
    pub(crate) const fn after(outcome: Arc<AtomicU8>, before: Option<Arc<AtomicU8>>) -> Self {
        Self { outcome, before }
    }

    /// Whether the previous one was not written. The lane keeps the order of calls, so it has already ended.
    pub(crate) fn is_broken(&self) -> bool {
        self.before
            .as_ref()
            .is_some_and(|outcome| outcome.load(Ordering::Acquire) != SubmittedOutcome::Written as u8)
    }

    pub(crate) fn set(&self, outcome: SubmittedOutcome) {
        self.outcome.store(outcome as u8, Ordering::Release);
    }
}

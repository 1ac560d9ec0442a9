//! What the lane is asked to do, and how it and its caller agree on who may still take it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use es_core::model::NewSnapshot;
use es_core::store::{AppendOutcome, Registration, Remembered};
use es_core::{Revision, StoreError, StreamId};
use tokio::sync::oneshot;

use super::part::{Decided, Part};
use super::turn::Turn;
use crate::upkeep::checkpoint::Checkpointed;

pub(crate) enum Work {
    /// One append, or, if it is several, a batch of them.
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
    /// The end of the lane.
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
    pub(crate) reply: oneshot::Sender<Result<Done, StoreError>>,
    /// Of an append that was submitted: what its stream's next one looks at.
    pub(crate) link: Option<Link>,
}

/// Whether a job waits, has been begun, or was taken back by its caller.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket(Arc<AtomicU8>);

const WAITS: u8 = 0;
const BEGUN: u8 = 1;
const TAKEN_BACK: u8 = 2;

impl Ticket {
    /// From now on it is executed, whatever its caller does.
    pub(crate) fn begin(&self) -> bool {
        self.swap(BEGUN)
    }

    /// It will never be executed, unless it was begun.
    pub(crate) fn take_back(&self) -> bool {
        self.swap(TAKEN_BACK)
    }

    fn swap(&self, to: u8) -> bool {
        self.0.compare_exchange(WAITS, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Takes a job back when its caller is dropped.
pub(crate) struct TakesBack(pub(crate) Ticket);

impl Drop for TakesBack {
    fn drop(&mut self) {
        self.0.take_back();
    }
}

/// What became of an append that was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Written = 1,
    Refused = 2,
}

/// Joins an append that was submitted to the one before it on its stream. What builds on an append that was
/// refused is refused as well, also if the stream happens to stand where it expects it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link {
    fate: Arc<AtomicU8>,
    before: Option<Arc<AtomicU8>>,
}

impl Link {
    pub(crate) const fn after(fate: Arc<AtomicU8>, before: Option<Arc<AtomicU8>>) -> Self {
        Self { fate, before }
    }

    /// Whether the one before was not written. The lane keeps the order of calls, so it has come to its end.
    pub(crate) fn is_broken(&self) -> bool {
        self.before.as_ref().is_some_and(|fate| fate.load(Ordering::Acquire) != Fate::Written as u8)
    }

    pub(crate) fn set(&self, fate: Fate) {
        self.fate.store(fate as u8, Ordering::Release);
    }
}

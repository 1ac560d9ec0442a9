//! Dead letters: events that were put aside, with all that came after them in their streams.

use time::OffsetDateTime;

use crate::stream::{Position, Revision, StreamId};

/// An event that a projection has not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The stream.
    pub stream: StreamId,
    /// The place in the stream.
    pub revision: Revision,
    /// The place in the store.
    pub position: Position,
    /// The name under which the event is stored; empty if it is missing.
    pub event: String,
    /// How often it was tried; 0 for one that only waits behind another.
    pub attempts: u32,
    /// Why it was not taken.
    pub reason: String,
    /// Since when it is here.
    pub parked_at: OffsetDateTime,
}

impl DeadLetter {
    /// Of the event at this place, without name, attempts and reason. For those who write targets.
    #[must_use]
    pub const fn new(
        stream: StreamId,
        revision: Revision,
        position: Position,
        parked_at: OffsetDateTime,
    ) -> Self {
        let attempts = 0;
        Self { stream, revision, position, event: String::new(), attempts, reason: String::new(), parked_at }
    }
}

/// What became of the dead letters of a stream that were tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retried {
    /// How many are in the model now.
    pub taken: usize,
    /// How many are still dead letters: the first failed again, the others wait behind it.
    pub left: usize,
}

impl Retried {
    pub(crate) const fn new(taken: usize, left: usize) -> Self {
        Self { taken, left }
    }
}

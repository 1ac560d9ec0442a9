//! Dead letters: events that were put aside, with all that came after them in their streams.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::record::RawEvent;
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
    /// The event's id; `None` if it is missing, or if the target does not keep it.
    pub event_id: Option<Uuid>,
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
        Self {
            stream,
            revision,
            position,
            event: String::new(),
            event_id: None,
            attempts: 0,
            reason: String::new(),
            parked_at,
        }
    }
}

/// Which event of its stream a dead letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LetterPlace {
    /// The place in the stream.
    pub revision: Revision,
    /// The place in the store.
    pub position: Position,
    /// The event's id; `None` where the target does not keep it.
    pub event_id: Option<Uuid>,
}

impl LetterPlace {
    /// At this place, for those who write targets.
    #[must_use]
    pub const fn new(revision: Revision, position: Position, event_id: Option<Uuid>) -> Self {
        Self { revision, position, event_id }
    }

    /// Whether this is its event: a source that was restored to an earlier state can have another one at the
    /// same revision.
    pub(super) fn is_of(&self, raw: &RawEvent<'_>) -> bool {
        self.revision == raw.revision
            && self.position == raw.position
            && self.event_id.is_none_or(|id| id == raw.event_id)
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

//! Dead letters: events that were parked, with all later events of their streams.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::record::RawEvent;
use crate::stream::{Position, Revision, StreamId};

/// A dead letter: an event that a projection failed to handle, or that waits for an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The stream.
    pub stream: StreamId,
    /// The revision in the stream.
    pub revision: Revision,
    /// The position in the store.
    pub position: Position,
    /// The name under which the event is stored; empty if it is missing.
    pub event: String,
    /// The event's id; `None` if it is missing, or if the target does not keep it.
    pub event_id: Option<Uuid>,
    /// How many times it was tried; 0 for one that only waits for an earlier one.
    pub attempts: u32,
    /// Why it failed.
    pub reason: String,
    /// Since when it is a dead letter.
    pub parked_at: OffsetDateTime,
}

impl DeadLetter {
    /// For the event at this place, without name, attempts and reason. For authors of targets.
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
    /// The revision in the stream.
    pub revision: Revision,
    /// The position in the store.
    pub position: Position,
    /// The event's id; `None` if the target does not keep it.
    pub event_id: Option<Uuid>,
}

impl LetterPlace {
    /// At this place, for authors of targets.
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

/// The outcome of retrying the dead letters of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retried {
    /// How many are in the model now.
    pub taken: usize,
    /// How many are still dead letters: the first failed again, the others wait for it.
    pub left: usize,
}

impl Retried {
    pub(crate) const fn new(taken: usize, left: usize) -> Self {
        Self { taken, left }
    }
}

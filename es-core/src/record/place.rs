//! Where an event is stored.

use std::fmt;

use uuid::Uuid;

use super::RawEvent;
use crate::stream::{Position, Revision, StreamId};

/// Where an event is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPlace {
    /// The stream.
    pub stream: StreamId,
    /// The revision in the stream.
    pub revision: Revision,
    /// The position in the store.
    pub position: Position,
    /// The event's id.
    pub event_id: Uuid,
}

impl EventPlace {
    /// From an event.
    #[must_use]
    pub fn new(raw: &RawEvent<'_>) -> Self {
        Self {
            stream: raw.stream.clone(),
            revision: raw.revision,
            position: raw.position,
            event_id: raw.event_id,
        }
    }
}

impl fmt::Display for EventPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, revision, position, .. } = self;
        write!(f, "revision {revision} of stream {:?} (position {position})", stream.to_string())
    }
}

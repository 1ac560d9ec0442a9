//! Why a projection stopped, and at which event.

use std::fmt;

use uuid::Uuid;

use crate::{BoxError, Checkpoint, Position, RawEvent, Revision, StoreError, StreamId};

/// Where an event is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPlace {
    /// The stream.
    pub stream: StreamId,
    /// The place in the stream.
    pub revision: Revision,
    /// The place in the store.
    pub position: Position,
    /// The event's id.
    pub event_id: Uuid,
}

impl EventPlace {
    /// Of an event.
    #[must_use]
    pub fn new(raw: &RawEvent<'_>) -> Self {
        Self {
            stream: raw.stream.clone(),
            revision: raw.revision,
            position: raw.position,
            event_id: raw.event_id,
        }
    }

    /// Behind this event.
    #[must_use]
    pub const fn checkpoint(&self) -> Checkpoint {
        Checkpoint::behind(self.position, self.event_id)
    }
}

impl fmt::Display for EventPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, revision, position, .. } = self;
        write!(f, "revision {revision} of stream {:?} (position {position})", stream.to_string())
    }
}

/// An event that a projection could not take.
#[derive(Debug, thiserror::Error)]
#[error("projection `{projection}` rev {rev} cannot take the event at {place}: {source}")]
#[non_exhaustive]
pub struct ProjectionFailure {
    /// The projection's name.
    pub projection: &'static str,
    /// Its revision.
    pub rev: u32,
    /// The event.
    pub place: EventPlace,
    /// What the projection, or the decoding of the event, says.
    pub source: BoxError,
}

impl ProjectionFailure {
    /// The failure of `P` at an event.
    #[must_use]
    pub fn of<P: super::Projection>(place: EventPlace, source: BoxError) -> Self {
        Self { projection: P::NAME, rev: P::REV, place, source }
    }
}

/// Why a projection in memory went no further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model could not be made.
    #[error("projection `{projection}` rev {rev} cannot set up its model: {source}")]
    Setup {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
        /// What the projection says.
        source: BoxError,
    },
    /// An event could not be taken.
    #[error(transparent)]
    Failed(Box<ProjectionFailure>),
}

impl From<ProjectionFailure> for ProjectionError {
    fn from(failure: ProjectionFailure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

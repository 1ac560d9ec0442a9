//! An event to be appended.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Metadata, RawEvent};
use crate::stream::{Position, Revision, StreamId};

/// An event to be appended: encoded, with its final id. Its `Debug` form does not show the payload.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct NewEvent {
    /// Generated before the append (UUIDv7), so that an append whose outcome is unknown can be recognized.
    pub id: Uuid,
    /// The wire name.
    pub name: &'static str,
    /// The version.
    pub version: u32,
    /// The payload, as JSON.
    pub payload: Vec<u8>,
    /// Shared by the events of one command.
    pub metadata: Arc<Metadata>,
}

impl NewEvent {
    /// An event with a fresh id.
    #[must_use]
    pub fn new(name: &'static str, version: u32, payload: Vec<u8>, metadata: Arc<Metadata>) -> Self {
        Self { id: Uuid::now_v7(), name, version, payload, metadata }
    }

    /// The event as a store reads it back from this place.
    pub(crate) fn raw<'a>(
        &'a self,
        stream: &'a StreamId,
        revision: Revision,
        (position, recorded_at): (Position, OffsetDateTime),
        metadata: Option<&'a [u8]>,
    ) -> RawEvent<'a> {
        RawEvent {
            stream,
            revision,
            position,
            event_id: self.id,
            name: self.name,
            version: self.version,
            payload: &self.payload,
            recorded_at,
            occurred: self.metadata.occurred_at,
            correlation_id: self.metadata.correlation_id,
            causation_id: self.metadata.causation_id,
            metadata,
        }
    }
}

impl fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, version, payload, .. } = self;
        write!(f, "{name} v{version} ({id}), {} bytes", payload.len())
    }
}

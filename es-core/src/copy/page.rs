//! Events in memory between two stores.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::record::RawEvent;
use crate::stream::{Position, Revision, StreamId};

/// An event that was read, and is still to be written.
pub(super) struct OwnedEvent {
    stream: StreamId,
    revision: Revision,
    position: Position,
    event_id: Uuid,
    name: String,
    version: u32,
    payload: Vec<u8>,
    recorded_at: OffsetDateTime,
    occurred: Option<OffsetDateTime>,
    correlation_id: Option<Uuid>,
    causation_id: Option<Uuid>,
    metadata: Option<Vec<u8>>,
}

impl OwnedEvent {
    pub(super) fn new(raw: &RawEvent<'_>) -> Self {
        Self {
            stream: raw.stream.clone(),
            revision: raw.revision,
            position: raw.position,
            event_id: raw.event_id,
            name: raw.name.to_owned(),
            version: raw.version,
            payload: raw.payload.to_vec(),
            recorded_at: raw.recorded_at,
            occurred: raw.occurred,
            correlation_id: raw.correlation_id,
            causation_id: raw.causation_id,
            metadata: raw.metadata.map(<[u8]>::to_vec),
        }
    }

    pub(super) fn raw(&self) -> RawEvent<'_> {
        RawEvent {
            stream: &self.stream,
            revision: self.revision,
            position: self.position,
            event_id: self.event_id,
            name: &self.name,
            version: self.version,
            payload: &self.payload,
            recorded_at: self.recorded_at,
            occurred: self.occurred,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            metadata: self.metadata.as_deref(),
        }
    }
}

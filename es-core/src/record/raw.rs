//! An event as it is stored.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::stream::{Position, Revision, StreamId};

/// One stored event as a store passes it to a sink: payload and metadata are borrowed from the row. Its
/// `Debug` form does not show the payload.
#[derive(Clone, Copy)]
pub struct RawEvent<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// The revision in the stream.
    pub revision: Revision,
    /// The position in the store.
    pub position: Position,
    /// The event's id.
    pub event_id: Uuid,
    /// The wire name.
    pub name: &'a str,
    /// The version that was written.
    pub version: u32,
    /// The payload, as JSON.
    pub payload: &'a [u8],
    /// The store's clock at the append.
    pub recorded_at: OffsetDateTime,
    /// When the fact happened, if the caller set it.
    pub occurred: Option<OffsetDateTime>,
    /// The correlation id, shared by all events caused by one external request.
    pub correlation_id: Option<Uuid>,
    /// The causation id: what led to this event.
    pub causation_id: Option<Uuid>,
    /// Actor and entries, as [`Metadata::to_json`](crate::Metadata::to_json) wrote them.
    pub metadata: Option<&'a [u8]>,
}

impl RawEvent<'_> {
    /// Its size: the bytes of its payload and its metadata, which page limits count.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.len().saturating_add(self.metadata.map_or(0, <[u8]>::len))
    }

    /// When the fact happened: the caller's value, or else when it was recorded.
    #[must_use]
    pub fn occurred_at(&self) -> OffsetDateTime {
        self.occurred.unwrap_or(self.recorded_at)
    }
}

impl fmt::Debug for RawEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, stream, revision, position, payload, .. } = self;
        write!(f, "{name} v{version} at {stream}#{revision} ({position}), {} bytes", payload.len())
    }
}

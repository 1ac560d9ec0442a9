//! An event as it is stored.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::stream::{Position, Revision, StreamId};

/// One stored event as a store passes it to a sink: payload and metadata are borrowed from the row. Its
/// `Debug` form does not show the payload.
///
/// ```
/// use es_core::record::{RawEvent, stored_now};
/// use es_core::uuid::Uuid;
/// use es_core::{Position, Revision, StreamId};
///
/// let (stream, id) = (StreamId::new("door", "7")?, Uuid::now_v7());
/// let place = (Revision::new(1), Position::new(40));
/// let raw = RawEvent::new(&stream, place, id, ("door.opened", 1), br#"{"by":"Ann"}"#, stored_now())
///     .metadata_json(Some(br#"{"actor":"clerk-112"}"#));
/// assert_eq!(raw.metadata()?.actor.as_deref(), Some("clerk-112"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
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

impl<'a> RawEvent<'a> {
    /// An event at its place: revision in the stream, and position in the store. Without metadata:
    /// a store adds what it keeps of that by the methods below.
    #[inline]
    #[must_use]
    pub const fn new(
        stream: &'a StreamId,
        (revision, position): (Revision, Position),
        event_id: Uuid,
        (name, version): (&'a str, u32),
        payload: &'a [u8],
        recorded_at: OffsetDateTime,
    ) -> Self {
        Self {
            stream,
            revision,
            position,
            event_id,
            name,
            version,
            payload,
            recorded_at,
            occurred: None,
            correlation_id: None,
            causation_id: None,
            metadata: None,
        }
    }

    /// When the fact happened, if the caller set it.
    #[inline]
    #[must_use]
    pub const fn occurred(mut self, time: Option<OffsetDateTime>) -> Self {
        self.occurred = time;
        self
    }

    /// The correlation id.
    #[inline]
    #[must_use]
    pub const fn correlation_id(mut self, id: Option<Uuid>) -> Self {
        self.correlation_id = id;
        self
    }

    /// The causation id.
    #[inline]
    #[must_use]
    pub const fn causation_id(mut self, id: Option<Uuid>) -> Self {
        self.causation_id = id;
        self
    }

    /// Actor and entries, as [`Metadata::to_json`](crate::Metadata::to_json) wrote them.
    #[inline]
    #[must_use]
    pub const fn metadata_json(mut self, json: Option<&'a [u8]>) -> Self {
        self.metadata = json;
        self
    }

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

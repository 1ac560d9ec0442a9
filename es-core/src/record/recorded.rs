//! An event as it is read.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{EventType, Metadata, RawEvent};
use crate::stream::{Position, Revision, StreamId};

/// An event as read: decoded to its current version, with its place, its times and its metadata.
///
/// Its `Debug` form names the event and its place and does not show the payload, so that it can be logged.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Recorded<E> {
    /// The event.
    pub event: E,
    /// The wire name of [`event`](Self::event), after upcasting.
    pub name: &'static str,
    /// The version of [`event`](Self::event), after upcasting.
    pub version: u32,
    /// The name under which the event is stored: that of [`event`](Self::event), a former name of it, or that
    /// of the retired event that it replaces.
    pub stored_name: Cow<'static, str>,
    /// The version under which the event is stored.
    pub stored_version: u32,
    /// The stream.
    pub stream: StreamId,
    /// The revision in the stream. All events that replace one retired event have its revision.
    pub revision: Revision,
    /// The position in the store.
    pub position: Position,
    /// The event's id.
    pub event_id: Uuid,
    /// The store's clock at the append.
    pub recorded_at: OffsetDateTime,
    /// Who, why, and when it happened.
    pub metadata: Arc<Metadata>,
}

impl<E> Recorded<E> {
    /// A stored event that was decoded.
    pub(crate) fn new(raw: &RawEvent<'_>, event: E, now: EventType, metadata: Arc<Metadata>) -> Self {
        Self {
            event,
            name: now.name,
            version: now.version,
            stored_name: match raw.name {
                name if name == now.name => Cow::Borrowed(now.name),
                name => Cow::Owned(name.to_owned()),
            },
            stored_version: raw.version,
            stream: raw.stream.clone(),
            revision: raw.revision,
            position: raw.position,
            event_id: raw.event_id,
            recorded_at: raw.recorded_at,
            metadata,
        }
    }

    /// When the fact happened: the caller's value, or else when it was recorded.
    #[must_use]
    pub fn occurred_at(&self) -> OffsetDateTime {
        self.envelope().occurred_at()
    }
}

impl<E> fmt::Debug for Recorded<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, stream, revision, position, .. } = self;
        write!(f, "{name} v{version} at {stream}#{revision} ({position})")
    }
}

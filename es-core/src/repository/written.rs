//! What a decision writes: encoded and read back before the append, with places and times after it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::{
    Aggregate, Appended, Events, Metadata, NewEvent, Position, RawEvent, Recorded, Revision, StoreError,
    StreamId,
};

/// What a command did.
#[non_exhaustive]
pub struct Executed<A: Aggregate> {
    /// The events, as stored, in order; empty if there was nothing to do.
    pub events: Vec<Recorded<A::Event>>,
    /// The revision of the last of them; if there are none, the revision on which the decision rests.
    pub revision: Revision,
    /// Whether the command was carried out before, and this is its first outcome.
    pub repeated: bool,
}

impl<A: Aggregate> fmt::Debug for Executed<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, revision, repeated } = self;
        f.debug_struct("Executed")
            .field("events", events)
            .field("revision", revision)
            .field("repeated", repeated)
            .finish()
    }
}

/// The events of a decision, encoded and read back.
pub(super) struct Encoded<A: Aggregate> {
    pub(super) events: Vec<A::Event>,
    pub(super) new: Vec<NewEvent>,
    /// What a later reader will see: decoded from the bytes that are written.
    pub(super) copies: Vec<A::Event>,
}

impl<A: Aggregate> Encoded<A> {
    pub(super) fn new(
        stream: &StreamId,
        expected: Revision,
        events: Events<A>,
        metadata: &Metadata,
    ) -> Result<Self, StoreError> {
        let metadata = Arc::new(metadata.clone());
        let mut new = Vec::with_capacity(events.len());
        let mut copies = Vec::with_capacity(events.len());
        let mut revision = expected;
        let now = OffsetDateTime::now_utc();
        for event in &events {
            revision = revision.next();
            let event_type = A::event_type(event);
            let mut payload = Vec::with_capacity(128);
            A::encode(event, &mut payload)?;
            let event = NewEvent::new(event_type.name, event_type.written, payload, Arc::clone(&metadata));
            let raw = RawEvent {
                stream,
                revision,
                position: Position::new(0),
                event_id: event.id,
                name: event.name,
                version: event.version,
                payload: &event.payload,
                recorded_at: now,
                occurred: metadata.occurred_at,
                correlation_id: metadata.correlation_id,
                causation_id: metadata.causation_id,
                metadata: None,
            };
            A::decode(&raw, &mut |copy| copies.push(copy)).map_err(|source| StoreError::NotReadable {
                name: event.name,
                version: event.version,
                source,
            })?;
            new.push(event);
        }
        Ok(Self { events: events.into_iter().collect(), new, copies })
    }
}

pub(super) fn executed<A: Aggregate>(
    stream: &StreamId,
    expected: Revision,
    events: Vec<A::Event>,
    new: Vec<NewEvent>,
    appended: &Appended,
) -> Result<Executed<A>, StoreError> {
    if appended.positions.len() != new.len() {
        let source = "the store did not say where each event was stored".into();
        return Err(StoreError::Backend { source, retryable: false });
    }
    let mut revision = expected;
    let stored = events.into_iter().zip(new).zip(&appended.positions).map(|((event, new), position)| {
        revision = revision.next();
        let version = A::event_type(&event).version;
        Recorded {
            event,
            name: new.name,
            version,
            stored_name: Cow::Borrowed(new.name),
            stored_version: new.version,
            stream: stream.clone(),
            revision,
            position: *position,
            event_id: new.id,
            recorded_at: appended.recorded_at,
            metadata: new.metadata,
        }
    });
    let events = stored.collect();
    Ok(Executed { events, revision, repeated: false })
}

//! An event with all that surrounds it: on its way in, as stored, and as read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Aggregate, DecodeError, DecodeProblem, EncodeError, EventType, Events, IntoEvents, Payload, PayloadError,
    Position, Revision, StreamId, stored_time,
};

/// What is known about an event besides its payload: who, why, and when it happened.
///
/// Set once per command, copied to each of its events.
///
/// ```
/// use es_core::Metadata;
///
/// let metadata = Metadata::new().actor("clerk-112").entry("channel", "web");
/// assert_eq!(metadata.actor.as_deref(), Some("clerk-112"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Metadata {
    /// Common to all that one request from outside set off.
    pub correlation_id: Option<Uuid>,
    /// The event or command that led to this one.
    pub causation_id: Option<Uuid>,
    /// When the fact happened, where that is not when it is recorded. Kept in UTC and whole microseconds: see
    /// [`stored_time`].
    pub occurred_at: Option<OffsetDateTime>,
    /// Who asked for it.
    pub actor: Option<String>,
    /// Anything else. Lists and objects can be nested 125 levels deep; what does not read back is refused
    /// before anything is written
    /// ([`StoreError::MetadataNotReadable`](crate::StoreError::MetadataNotReadable)).
    pub entries: BTreeMap<String, Value>,
}

/// The part of [`Metadata`] that has no column of its own.
#[derive(Serialize, Deserialize)]
struct StoredMetadata<A, E> {
    #[serde(skip_serializing_if = "Option::is_none", default = "Option::default")]
    actor: Option<A>,
    #[serde(skip_serializing_if = "Option::is_none", default = "Option::default")]
    entries: Option<E>,
}

impl StoredMetadata<String, BTreeMap<String, Value>> {
    fn read(json: &[u8]) -> Result<Self, PayloadError> {
        serde_json::from_slice(json).map_err(|error| PayloadError::from(&error))
    }
}

impl Metadata {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the correlation id.
    #[must_use]
    pub fn correlation_id(mut self, id: Uuid) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// Sets the causation id.
    #[must_use]
    pub fn causation_id(mut self, id: Uuid) -> Self {
        self.causation_id = Some(id);
        self
    }

    /// Says when the fact happened.
    #[must_use]
    pub fn occurred_at(mut self, time: OffsetDateTime) -> Self {
        self.occurred_at = Some(time);
        self
    }

    /// Says who asked for it.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Adds an entry to the free map.
    #[must_use]
    pub fn entry(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.entries.insert(key.into(), value.into());
        self
    }

    /// The JSON that a store keeps for actor and entries; `None` when there are none.
    ///
    /// Stores call this; correlation, causation and occurred time have columns of their own.
    #[must_use]
    pub fn to_json(&self) -> Option<Vec<u8>> {
        self.json_within(usize::MAX).unwrap_or_default()
    }

    /// As [`to_json`](Self::to_json), if it has no more bytes than `limit`; else how many it has at least.
    pub(crate) fn json_within(&self, limit: usize) -> Result<Option<Vec<u8>>, usize> {
        if self.actor.is_none() && self.entries.is_empty() {
            return Ok(None);
        }
        let entries = (!self.entries.is_empty()).then_some(&self.entries);
        let mut json = Payload::within(limit);
        // Strings and JSON values always serialise, so the only error is that of the limit.
        let written =
            serde_json::to_writer(&mut json, &StoredMetadata { actor: self.actor.as_deref(), entries });
        match json.refused() {
            Some(bytes) => Err(bytes),
            None => Ok(written.ok().map(|()| json.into_vec())),
        }
    }

    /// The same, as every reader will see it; `None` if its time is out of range.
    pub(crate) fn into_stored(mut self) -> Option<Self> {
        if let Some(time) = self.occurred_at {
            self.occurred_at = Some(stored_time(time)?);
        }
        Some(self)
    }

    /// Refuses what does not read back from `json`, which [`to_json`](Self::to_json) wrote.
    pub(crate) fn check_reads_back(&self, json: &[u8]) -> Result<(), PayloadError> {
        let plain = |value: &Value| match value {
            Value::Null | Value::Bool(_) | Value::String(_) => true,
            Value::Number(number) => number.is_i64() || number.is_u64(),
            Value::Array(_) | Value::Object(_) => false,
        };
        if self.entries.values().all(plain) {
            return Ok(());
        }
        let stored = StoredMetadata::read(json)?;
        if stored.entries.as_ref() == Some(&self.entries) {
            Ok(())
        } else {
            Err(PayloadError::another_value())
        }
    }
}

/// An event on its way into a store: encoded, with the id that it keeps. Its `Debug` form shows no payload.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct NewEvent {
    /// Made before the append (UUIDv7), so that an append whose outcome is unknown can be recognised.
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

    /// Encodes events of an aggregate as its commands do, each with a fresh id.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use es_core::{Aggregate, Apply, Metadata, NewEvent, event};
    /// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
    /// # #[derive(Aggregate, Default)] #[aggregate(name = "account", id = String, events(Deposited))]
    /// # pub struct Account { cents: i64 }
    /// # impl Apply<Deposited> for Account { fn apply(&mut self, e: Deposited) { self.cents += e.cents; } }
    /// let events = NewEvent::of::<Account>(Deposited { cents: 500 }, &Arc::new(Metadata::new()))?;
    /// assert_eq!(events[0].payload, br#"{"cents":500}"#);
    /// # Ok::<(), es_core::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EncodeError`] when an event cannot be written as JSON.
    pub fn of<A: Aggregate>(
        events: impl IntoEvents<A>,
        metadata: &Arc<Metadata>,
    ) -> Result<Vec<Self>, EncodeError> {
        let mut all = Events::none();
        events.into_events(&mut all);
        let encode = |event: A::Event| {
            let mut payload = Payload::new();
            A::encode(&event, &mut payload)?;
            let written = A::event_type(&event);
            Ok(Self::new(written.name, written.written, payload.into_vec(), Arc::clone(metadata)))
        };
        all.into_iter().map(encode).collect()
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

/// One stored event as a store hands it out: payload and metadata borrowed from the row. Its `Debug` form
/// shows no payload.
#[derive(Clone, Copy)]
pub struct RawEvent<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// The place in the stream.
    pub revision: Revision,
    /// The place in the store.
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
    /// When the fact happened, if the caller said so.
    pub occurred: Option<OffsetDateTime>,
    /// Common to all that one request set off.
    pub correlation_id: Option<Uuid>,
    /// What led to this event.
    pub causation_id: Option<Uuid>,
    /// Actor and entries, as [`Metadata::to_json`] wrote them.
    pub metadata: Option<&'a [u8]>,
}

impl RawEvent<'_> {
    /// How large it is: the bytes of its payload and its metadata, which limits of pages count.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.len().saturating_add(self.metadata.map_or(0, <[u8]>::len))
    }

    /// When the fact happened: what the caller said, else when it was recorded.
    #[must_use]
    pub fn occurred_at(&self) -> OffsetDateTime {
        self.occurred.unwrap_or(self.recorded_at)
    }

    /// The metadata, decoded.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the stored metadata is not what the framework writes.
    pub fn metadata(&self) -> Result<Metadata, DecodeError> {
        let mut metadata = Metadata {
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            occurred_at: self.occurred,
            ..Metadata::default()
        };
        if let Some(json) = self.metadata {
            let stored = StoredMetadata::read(json)
                .map_err(|source| DecodeError::new(self, DecodeProblem::Metadata { source }))?;
            metadata.actor = stored.actor;
            metadata.entries = stored.entries.unwrap_or_default();
        }
        Ok(metadata)
    }

    /// As [`metadata`](Self::metadata), in one place for all events of which nothing is known.
    pub(crate) fn shared_metadata(&self) -> Result<Arc<Metadata>, DecodeError> {
        static NOTHING: LazyLock<Arc<Metadata>> = LazyLock::new(Arc::default);
        let Self { metadata: None, correlation_id: None, causation_id: None, occurred: None, .. } = self
        else {
            return self.metadata().map(Arc::new);
        };
        Ok(Arc::clone(&NOTHING))
    }
}

/// An event as read: decoded to its current version, with its place, its times and its metadata.
///
/// Its `Debug` form names the event and its place and shows no payload, so that it may stand in a log.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Recorded<E> {
    /// The event.
    pub event: E,
    /// The wire name of [`event`](Self::event), after upcasting.
    pub name: &'static str,
    /// The version of [`event`](Self::event), after upcasting.
    pub version: u32,
    /// The name under which the event is stored: that of [`event`](Self::event), one that it had before, or
    /// that of a retired event whose place it takes.
    pub stored_name: Cow<'static, str>,
    /// The version under which the event is stored.
    pub stored_version: u32,
    /// The stream.
    pub stream: StreamId,
    /// The place in the stream. All events that take the place of one retired event have its place.
    pub revision: Revision,
    /// The place in the store.
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

    /// When the fact happened: what the caller said, else when it was recorded.
    #[must_use]
    pub fn occurred_at(&self) -> OffsetDateTime {
        self.metadata.occurred_at.unwrap_or(self.recorded_at)
    }
}

impl<E> fmt::Debug for Recorded<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, stream, revision, position, .. } = self;
        write!(f, "{name} v{version} at {stream}#{revision} ({position})")
    }
}

impl fmt::Debug for RawEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, stream, revision, position, payload, .. } = self;
        write!(f, "{name} v{version} at {stream}#{revision} ({position}), {} bytes", payload.len())
    }
}

impl fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, version, payload, .. } = self;
        write!(f, "{name} v{version} ({id}), {} bytes", payload.len())
    }
}

//! Messages, independent of the broker that transports them.

use std::borrow::Cow;
use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::codec::Payload;
use crate::model::Event;
use crate::record::{EncodeError, Recorded, TRACEPARENT};
use crate::stream::{Revision, StreamId};

/// A public event sent from one service to another. Its `Debug` form does not show the payload.
///
/// ```
/// use es_core::messaging::Message;
/// use es_core::uuid::Uuid;
/// use es_core::{Revision, StreamId};
///
/// let loan = StreamId::new("loan", "L-7")?;
/// let message = Message::new(Uuid::now_v7(), loan, "loan.approved", 1, b"{}".to_vec())
///     .revision(Revision::new(3));
/// assert_eq!(message.stream.key(), "L-7");
/// # Ok::<_, es_core::stream::InvalidStreamId>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The id of the event that was published. A message that is sent again has the same id.
    pub id: Uuid,
    /// The stream of that event, whose messages stay in order: the ordering key.
    pub stream: StreamId,
    /// The revision of that event in its stream: 0 if the sender did not set it. Revisions have gaps where
    /// events are not published.
    pub revision: Revision,
    /// The name of the public event.
    pub name: Cow<'static, str>,
    /// The version of the public event.
    pub version: u32,
    /// When the fact happened.
    pub occurred_at: OffsetDateTime,
    /// The correlation id, shared by all events caused by one external request.
    pub correlation_id: Option<Uuid>,
    /// The causation id: the id of the event, message or command that caused the event.
    pub causation_id: Option<Uuid>,
    /// The W3C trace context.
    pub traceparent: Option<String>,
    /// The public event as JSON.
    pub payload: Vec<u8>,
}

impl Message {
    /// A message without further metadata, whose event occurred now.
    #[must_use]
    pub fn new(
        id: Uuid,
        stream: StreamId,
        name: impl Into<Cow<'static, str>>,
        version: u32,
        payload: Vec<u8>,
    ) -> Self {
        Self {
            id,
            stream,
            revision: Revision::EMPTY,
            name: name.into(),
            version,
            occurred_at: OffsetDateTime::now_utc(),
            correlation_id: None,
            causation_id: None,
            traceparent: None,
            payload,
        }
    }

    /// The public form of a recorded event, with its id, its stream and its metadata.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] when the public event cannot be written as JSON.
    pub fn of<P: Event, E>(public: &P, event: &Recorded<E>) -> Result<Self, EncodeError> {
        let mut payload = Payload::new();
        public.encode(&mut payload)?;
        let (metadata, stream) = (&event.metadata, event.stream.clone());
        Ok(Self {
            revision: event.revision,
            occurred_at: event.occurred_at(),
            correlation_id: metadata.correlation_id,
            causation_id: metadata.causation_id,
            traceparent: metadata
                .entries
                .get(TRACEPARENT)
                .and_then(|entry| entry.as_str())
                .map(str::to_owned),
            ..Self::new(event.event_id, stream, P::NAME, P::WRITTEN_VERSION, payload.into_vec())
        })
    }

    /// Sets the revision.
    #[must_use]
    pub fn revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// Sets when the fact happened.
    #[must_use]
    pub fn occurred_at(mut self, time: OffsetDateTime) -> Self {
        self.occurred_at = time;
        self
    }

    /// Sets the correlation id.
    #[must_use]
    pub fn correlation_id(mut self, id: impl Into<Option<Uuid>>) -> Self {
        self.correlation_id = id.into();
        self
    }

    /// Sets the causation id.
    #[must_use]
    pub fn causation_id(mut self, id: impl Into<Option<Uuid>>) -> Self {
        self.causation_id = id.into();
        self
    }

    /// Sets the W3C trace context.
    #[must_use]
    pub fn traceparent(mut self, traceparent: impl Into<Option<String>>) -> Self {
        self.traceparent = traceparent.into();
        self
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, stream, revision, name, version, payload, .. } = self;
        write!(f, "{name} v{version} {id} of {stream}#{revision}, {} bytes", payload.len())
    }
}

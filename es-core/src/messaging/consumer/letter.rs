//! A parked message and its stored form.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::messaging::message::Message;
use crate::record::{DecodeError, DecodeProblem, EncodeError, PayloadError, RawEvent};
use crate::stream::{Revision, StreamId};

/// The name of the event that parks a message.
pub(super) const PARKED: &str = "es.message-parked";

/// The name of the event that settles a dead letter: its message was processed, or discarded.
pub(super) const SETTLED: &str = "es.message-settled";

/// A dead letter: a message that a consumer failed to handle, or that waits for an earlier one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeadMessage {
    /// Its number among the dead letters of the consumer.
    pub number: u64,
    /// The sequence number of the message in the broker.
    pub place: u64,
    /// The message; `None` if what was delivered is not one.
    pub message: Option<Message>,
    /// How many times it was tried; 0 for one that only waits for an earlier one of its stream.
    pub attempts: u32,
    /// Why it failed.
    pub reason: String,
    /// When it was parked.
    pub parked_at: OffsetDateTime,
}

impl DeadMessage {
    pub(super) fn new(place: u64, message: Option<Message>, attempts: u32, reason: &str) -> Self {
        // No store accepts this character.
        let reason = reason.replace('\0', " ");
        Self { number: 0, place, message, attempts, reason, parked_at: OffsetDateTime::now_utc() }
    }

    /// Whether both are the same message.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        match (&self.message, &other.message) {
            (Some(one), Some(another)) => one.id == another.id && one.stream == another.stream,
            (None, None) => self.place == other.place,
            _ => false,
        }
    }
}

/// The payload of [`PARKED`].
#[derive(Serialize, Deserialize)]
struct Stored {
    place: u64,
    attempts: u32,
    reason: String,
    message: Option<StoredMessage>,
}

#[derive(Serialize, Deserialize)]
struct StoredMessage {
    id: Uuid,
    category: String,
    key: String,
    revision: u64,
    name: String,
    version: u32,
    #[serde(with = "time::serde::rfc3339")]
    time: OffsetDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causation_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    /// Text, so that it comes back byte for byte, and JSON of any kind can be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    /// Bytes that are not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u8>>,
}

/// The payload of [`SETTLED`].
#[derive(Deserialize)]
struct Settled {
    letter: u64,
}

pub(super) fn encoded(letter: &DeadMessage) -> Result<Vec<u8>, EncodeError> {
    let message = letter.message.as_ref().map(|message| {
        let text = std::str::from_utf8(&message.payload).ok().filter(|text| !text.contains('\0'));
        StoredMessage {
            id: message.id,
            category: message.stream.category().to_owned(),
            key: message.stream.key().to_owned(),
            revision: message.revision.get(),
            name: message.name.clone().into_owned(),
            version: message.version,
            time: message.occurred_at,
            correlation_id: message.correlation_id,
            causation_id: message.causation_id,
            traceparent: message.traceparent.clone(),
            payload: text.map(str::to_owned),
            bytes: text.is_none().then(|| message.payload.clone()),
        }
    });
    let stored =
        Stored { place: letter.place, attempts: letter.attempts, reason: letter.reason.clone(), message };
    serde_json::to_vec(&stored).map_err(|error| EncodeError {
        name: PARKED,
        version: 1,
        source: error.into(),
    })
}

pub(super) fn decoded(raw: &RawEvent<'_>) -> Result<DeadMessage, StoreError> {
    let stored: Stored = read(raw)?;
    let message = match stored.message {
        None => None,
        Some(message) => {
            let stream = StreamId::new(&message.category, &message.key)?;
            let payload = message.payload.map(String::into_bytes).or(message.bytes).unwrap_or_default();
            let read = Message::new(message.id, stream, message.name, message.version, payload);
            let read = read.revision(Revision::new(message.revision)).occurred_at(message.time);
            let read = read.correlation_id(message.correlation_id).causation_id(message.causation_id);
            Some(read.traceparent(message.traceparent))
        }
    };
    Ok(DeadMessage {
        number: raw.revision.get(),
        place: stored.place,
        message,
        attempts: stored.attempts,
        reason: stored.reason,
        parked_at: raw.recorded_at,
    })
}

/// The number of the letter that was settled.
pub(super) fn settled(raw: &RawEvent<'_>) -> Result<u64, StoreError> {
    Ok(read::<Settled>(raw)?.letter)
}

fn read<'a, T: Deserialize<'a>>(raw: &RawEvent<'a>) -> Result<T, DecodeError> {
    serde_json::from_slice(raw.payload).map_err(|error| {
        let source = PayloadError::from(&error);
        DecodeError::new(raw, DecodeProblem::Payload { version: raw.version, source })
    })
}

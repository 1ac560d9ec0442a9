//! The contents of a record of the file, and how its events are read back.

use es_core::record::{NewEvent, RawEvent, stored_time};
use es_core::shape::Fingerprint;
use es_core::store::{Append, CommandOutcome, CommandRecord, Registration};
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{Revision, StoreError, StreamId};
use serde::{Deserialize, Serialize};

use crate::index::Place;

/// Every change of the store is one record; what belongs together is in one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Record {
    /// The events of one call, starting at this position.
    Append {
        position: u64,
        recorded_at: i64,
        parts: Vec<Part>,
    },
    /// A command that wrote no event.
    Remember {
        stream: Name,
        command: Outcome,
    },
    Snapshot {
        stream: Name,
        revision: u64,
        fingerprint: i64,
        state: String,
    },
    Register {
        events: Vec<Registered>,
    },
    /// Names of one category.
    Rename {
        names: Vec<String>,
    },
    Close {
        stream: Name,
    },
}

/// Category and key, as the caller named them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Name(pub(crate) String, pub(crate) String);

impl From<&StreamId> for Name {
    fn from(id: &StreamId) -> Self {
        Self(id.category().to_owned(), id.key().to_owned())
    }
}

/// The events that one append writes to one stream.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) stream: Name,
    /// That of the first event.
    pub(crate) revision: u64,
    pub(crate) events: Vec<Stored>,
    pub(crate) command: Option<Outcome>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) id: Uuid,
    first: u64,
    count: u64,
    rejected: bool,
    body_hash: Option<i64>,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) fingerprint: Option<i64>,
    pub(crate) former: bool,
}

/// Payload and metadata are JSON texts, stored byte for byte; times are microseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) payload: String,
    pub(crate) metadata: Option<String>,
    occurred: Option<i64>,
    pub(crate) correlation_id: Option<Uuid>,
    causation_id: Option<Uuid>,
}

impl Part {
    pub(crate) fn new(append: &Append<'_>) -> Result<Self, StoreError> {
        let first = append.expected.next();
        let events = append.events.iter().map(Stored::new).collect::<Result<Vec<_>, _>>()?;
        // For a condition, the revision on which it is based.
        let decided_at = if events.is_empty() { append.expected } else { first };
        let command =
            append.command.map(|command| Outcome::new(command, decided_at, events.len() as u64, false));
        Ok(Self { stream: append.stream.into(), revision: first.get(), events, command })
    }
}

impl Stored {
    fn new(event: &NewEvent) -> Result<Self, StoreError> {
        Ok(Self {
            id: event.id,
            name: event.name.to_owned(),
            version: event.version,
            payload: text(event.payload.clone())?,
            metadata: event.metadata.to_json().map(text).transpose()?,
            occurred: event.metadata.occurred_at.and_then(stored_time).map(micros),
            correlation_id: event.metadata.correlation_id,
            causation_id: event.metadata.causation_id,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.payload.len() + self.metadata.as_ref().map_or(0, String::len)
    }

    /// The event as a reader gets it.
    pub(crate) fn raw<'a>(
        &'a self,
        stream: &'a StreamId,
        place: Place,
        recorded_at: i64,
    ) -> Result<RawEvent<'a>, StoreError> {
        let Place { position, revision, .. } = place;
        let time = |micros| time(micros).map_err(|source| StoreError::DamagedEvent { position, source });
        let (place, named) = ((revision, position), (&*self.name, self.version));
        let payload = self.payload.as_bytes();
        Ok(RawEvent::new(stream, place, self.id, named, payload, time(recorded_at)?)
            .occurred(self.occurred.map(time).transpose()?)
            .correlation_id(self.correlation_id)
            .causation_id(self.causation_id)
            .metadata_json(self.metadata.as_deref().map(str::as_bytes)))
    }
}

impl Outcome {
    pub(crate) fn new(command: CommandRecord<'_>, first: Revision, count: u64, rejected: bool) -> Self {
        let (id, body_hash) = (command.key.id, command.key.body_hash);
        Self { id, first: first.get(), count, rejected, body_hash, name: command.name.to_owned() }
    }

    pub(crate) fn told(&self) -> CommandOutcome {
        CommandOutcome::new(Revision::new(self.first), self.count)
            .rejected(self.rejected)
            .body_hash(self.body_hash)
            .name(Some(self.name.as_str().into()))
    }
}

impl From<&Registration> for Registered {
    fn from(event: &Registration) -> Self {
        let fingerprint = event.fingerprint.map(Fingerprint::to_i64);
        Self { name: event.name.to_owned(), version: event.version, fingerprint, former: event.former }
    }
}

/// A caller's JSON, as text.
pub(crate) fn text(json: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(json).map_err(|error| StoreError::Backend { source: error.into(), retryable: false })
}

/// A time that `stored_time` has returned: whole microseconds of a few thousand years.
pub(crate) fn micros(time: OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1_000_000 + i64::from(time.microsecond())
}

fn time(micros: i64) -> Result<OffsetDateTime, es_core::record::BoxError> {
    Ok(OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)?)
}

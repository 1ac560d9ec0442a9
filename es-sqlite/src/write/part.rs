//! Owned copies of what is written: the lane may outlive the caller's borrow.

use std::sync::Arc;

use es_core::record::{NewEvent, stored_time};
use es_core::store::{Append, CommandKey, CommandRecord, Decision};
use es_core::time::OffsetDateTime;
use es_core::{Revision, StoreError, StreamId};
use uuid::Uuid;

/// An append of events to one stream.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) stream: StreamId,
    pub(crate) expected: Revision,
    pub(crate) head: Option<Uuid>,
    pub(crate) events: Vec<NewRow>,
    pub(crate) command: Option<Command>,
}

/// An event as it will be stored, except for what only the lane knows.
#[derive(Debug, Clone)]
pub(crate) struct NewRow {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) payload: Arc<str>,
    pub(crate) metadata: Option<Arc<str>>,
    pub(crate) occurred_at: Option<i64>,
    pub(crate) correlation_id: Option<Uuid>,
    pub(crate) causation_id: Option<Uuid>,
}

/// A command for the command ledger.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) key: CommandKey,
    pub(crate) name: Arc<str>,
}

impl Command {
    pub(crate) fn new(record: CommandRecord<'_>) -> Self {
        Self { key: record.key, name: record.name.into() }
    }

    pub(crate) fn record(&self) -> CommandRecord<'_> {
        CommandRecord::new(self.key, &self.name)
    }
}

/// A decision that writes no event.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    pub(crate) stream: StreamId,
    pub(crate) revision: Revision,
    pub(crate) head: Option<Uuid>,
    pub(crate) command: Command,
    pub(crate) rejected: bool,
}

impl Decided {
    pub(crate) fn new(decision: &Decision<'_>) -> Self {
        Self {
            stream: decision.stream.clone(),
            revision: decision.revision,
            head: decision.last_event_id,
            command: Command::new(decision.command),
            rejected: decision.rejected,
        }
    }
}

impl Part {
    /// Copies an append that has been checked.
    pub(crate) fn new(append: &Append<'_>) -> Result<Self, StoreError> {
        let mut events = Vec::with_capacity(append.events.len());
        let mut last: Option<(&NewEvent, Option<Arc<str>>)> = None;
        for event in append.events {
            // The events of one command share their metadata, and so do their rows.
            let metadata = match &last {
                Some((before, text)) if Arc::ptr_eq(&before.metadata, &event.metadata) => text.clone(),
                _ => event.metadata.to_json().map(|json| text(&json, append.stream, event)).transpose()?,
            };
            last = Some((event, metadata.clone()));
            events.push(NewRow {
                id: event.id,
                name: event.name,
                version: event.version,
                payload: text(&event.payload, append.stream, event)?,
                metadata,
                occurred_at: event.metadata.occurred_at.and_then(stored_time).map(micros),
                correlation_id: event.metadata.correlation_id,
                causation_id: event.metadata.causation_id,
            });
        }
        let command = append.command.map(Command::new);
        Ok(Self {
            stream: append.stream.clone(),
            expected: append.expected,
            head: append.last_event_id,
            events,
            command,
        })
    }

    /// The size of its payloads and metadata.
    pub(crate) fn bytes(&self) -> usize {
        let of = |row: &NewRow| row.payload.len() + row.metadata.as_ref().map_or(0, |text| text.len());
        self.events.iter().map(of).sum()
    }
}

/// JSON is UTF-8, as `Append::check` has verified.
fn text(json: &[u8], stream: &StreamId, event: &NewEvent) -> Result<Arc<str>, StoreError> {
    str::from_utf8(json).map(Arc::from).map_err(|error| StoreError::NotJson {
        stream: stream.clone(),
        name: event.name,
        source: error.into(),
    })
}

/// A time in microseconds since 1970; stored times have no fractions of them.
pub(crate) fn micros(time: OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1_000_000 + i64::from(time.microsecond())
}

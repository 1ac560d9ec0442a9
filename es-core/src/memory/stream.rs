//! One stream, and what is kept of its events.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::record::{NewEvent, RawEvent, stored_time};
use crate::shape::Fingerprint;
use crate::store::{Append, AppendOutcome, CommandOutcome};
use crate::stream::{Position, Revision, StreamId};

/// Reads take the `Arc`, so a sink runs without the lock; an append during a read copies the list of `Arc`s.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    pub(super) events: Vec<Arc<StoredEvent>>,
    pub(super) closed: bool,
    pub(super) commands: HashMap<Uuid, LedgerEntry>,
    pub(super) snapshots: HashMap<Fingerprint, Arc<(Revision, Vec<u8>)>>,
}

#[derive(Debug)]
pub(super) struct StoredEvent {
    pub(super) id: Uuid,
    pub(super) name: Cow<'static, str>,
    pub(super) version: u32,
    pub(super) payload: Vec<u8>,
    pub(super) occurred: Option<OffsetDateTime>,
    pub(super) correlation_id: Option<Uuid>,
    pub(super) causation_id: Option<Uuid>,
    pub(super) metadata: Option<Vec<u8>>,
    pub(super) position: Position,
    pub(super) recorded_at: OffsetDateTime,
}

impl StoredEvent {
    pub(super) fn new(event: &NewEvent, position: Position, recorded_at: OffsetDateTime) -> Self {
        let metadata = &event.metadata;
        Self {
            id: event.id,
            name: Cow::Borrowed(event.name),
            version: event.version,
            payload: event.payload.clone(),
            occurred: metadata.occurred_at.and_then(stored_time),
            correlation_id: metadata.correlation_id,
            causation_id: metadata.causation_id,
            metadata: metadata.to_json(),
            position,
            recorded_at,
        }
    }
}

/// What a command did, and when.
#[derive(Debug, Clone)]
pub(super) struct LedgerEntry {
    pub(super) outcome: CommandOutcome,
    pub(super) recorded_at: OffsetDateTime,
}

impl Stream {
    /// The id of the event at a revision.
    pub(super) fn event_id(&self, revision: Revision) -> Option<Uuid> {
        let at = usize::try_from(revision.get()).ok()?.checked_sub(1)?;
        self.events.get(at).map(|stored| stored.id)
    }

    /// What a command that stored events did.
    pub(super) fn outcome(&self, command: Uuid) -> Option<&CommandOutcome> {
        self.commands.get(&command).map(|executed| &executed.outcome)
    }

    pub(super) fn revision(&self) -> Revision {
        Revision::new(self.events.len() as u64)
    }

    pub(super) fn last_event_id(&self) -> Option<Uuid> {
        self.events.last().map(|stored| stored.id)
    }

    /// The events of a range, in the order of their revisions.
    pub(super) fn events(
        &self,
        from: Revision,
        to: Revision,
    ) -> impl DoubleEndedIterator<Item = (Revision, &StoredEvent)> {
        let last = usize::try_from(to.get()).unwrap_or(usize::MAX).min(self.events.len());
        let first = usize::try_from(from.get().saturating_sub(1)).unwrap_or(usize::MAX).min(last);
        (first..last).map(|at| (Revision::new(at as u64 + 1), self.events[at].as_ref()))
    }

    /// What prevents an append, if anything does.
    pub(super) fn obstacle(&self, append: &Append<'_>) -> Result<Option<AppendOutcome>, StoreError> {
        if let Some(command) = append.command
            && let Some(outcome) = self.outcome(command.key.id)
        {
            outcome.check(append.stream, command)?;
            return Ok(Some(AppendOutcome::Repeated(outcome.clone())));
        }
        if self.closed && !append.is_condition() {
            return Err(StoreError::StreamClosed { stream: append.stream.clone() });
        }
        let is_same = append.last_event_id.is_none_or(|id| self.last_event_id() == Some(id));
        if self.revision() != append.expected || !is_same {
            return Ok(Some(AppendOutcome::Conflict { actual: self.revision() }));
        }
        Ok(None)
    }
}

pub(super) fn raw<'a>(stream: &'a StreamId, revision: Revision, stored: &'a StoredEvent) -> RawEvent<'a> {
    RawEvent {
        stream,
        revision,
        position: stored.position,
        event_id: stored.id,
        name: &stored.name,
        version: stored.version,
        payload: &stored.payload,
        recorded_at: stored.recorded_at,
        occurred: stored.occurred,
        correlation_id: stored.correlation_id,
        causation_id: stored.causation_id,
        metadata: stored.metadata.as_deref(),
    }
}

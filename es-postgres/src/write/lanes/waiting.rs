//! An append that waits for a lane. It is a copy, as its caller may have gone away before it is sent.

use std::sync::Arc;
use std::time::Instant;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, CommandKey, CommandRecord};
use es_core::{Revision, StoreError, StreamId};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use crate::connect::lock_timeout::LockTimeout;
use crate::connect::slots::PoolTimeout;

/// Larger appends are not put into a batch: they are sent alone, outside the lanes.
const LARGE_EVENTS: usize = 1_000;
const LARGE_BYTES: usize = 1 << 20;

/// The places that an append takes while it waits.
pub(super) type PlacePermit = OwnedSemaphorePermit;

type Reply = oneshot::Sender<Result<AppendOutcome, StoreError>>;

pub(super) struct Waiting {
    pub(super) stream: StreamId,
    pub(super) expected: Revision,
    pub(super) head: Option<Uuid>,
    pub(super) events: Vec<NewEvent>,
    pub(super) command: Option<(CommandKey, Arc<str>)>,
    pub(super) bytes: usize,
    pub(super) since: Instant,
    /// That of the caller.
    pub(super) runtime: Handle,
    reply: Reply,
    _place: PlacePermit,
}

impl Waiting {
    /// `bytes` is the size of its payloads and metadata.
    pub(super) fn new(append: Append<'_>, bytes: usize, reply: Reply, place: PlacePermit) -> Self {
        Self {
            stream: append.stream.clone(),
            expected: append.expected,
            head: append.last_event_id,
            events: append.events.to_vec(),
            command: append.command.map(|command| (command.key, command.name.into())),
            bytes,
            since: Instant::now(),
            runtime: Handle::current(),
            reply,
            _place: place,
        }
    }

    pub(super) fn append(&self) -> Append<'_> {
        let command = self.command.as_ref().map(|(key, name)| CommandRecord::new(*key, name));
        Append::new(&self.stream, self.expected, &self.events).last_event_id(self.head).command(command)
    }

    /// Whether this append continues at the end of another one.
    pub(super) fn follows(&self, other: &Self) -> bool {
        let last = other.events.last().map(|event| event.id);
        self.expected == other.append().last_revision() && (self.head.is_none() || self.head == last)
    }

    pub(super) fn is_large(&self) -> bool {
        Course::of(self.events.len(), self.bytes) == Course::Beside
    }

    pub(super) fn answer(self, outcome: Result<AppendOutcome, StoreError>) {
        // The caller may have gone away.
        let _gone = self.reply.send(outcome);
    }

    /// Fails with the error of another append, for which this one waited.
    pub(super) fn fail_as(self, error: &StoreError) {
        if let Some(error) = waited_too_long(error) {
            self.answer(Err(error));
        }
    }
}

/// A copy of the error of an append that waited too long.
pub(super) fn waited_too_long(error: &StoreError) -> Option<StoreError> {
    match error {
        StoreError::Backend { source, .. } => source.downcast_ref::<LockTimeout>().cloned().map(Into::into),
        StoreError::Unavailable { source } => source.downcast_ref::<PoolTimeout>().copied().map(Into::into),
        _ => None,
    }
}

/// How an append is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Through a lane.
    Lane,
    /// On a connection of the pool, outside the lanes.
    Beside,
}

impl Course {
    /// For an append with this many events and bytes.
    pub(super) const fn of(events: usize, bytes: usize) -> Self {
        if events > LARGE_EVENTS || bytes > LARGE_BYTES { Self::Beside } else { Self::Lane }
    }

    /// The number of lanes that it occupies.
    pub(super) const fn lanes(self) -> usize {
        match self {
            Self::Lane => 1,
            Self::Beside => 0,
        }
    }
}

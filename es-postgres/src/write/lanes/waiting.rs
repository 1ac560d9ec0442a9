//! An append that waits for a lane. It is a copy, as its caller may be gone before it is sent.

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

/// More than this is no company for others: it goes apart.
const LARGE_EVENTS: usize = 1_000;
const LARGE_BYTES: usize = 1 << 20;

/// What an append takes up while it waits.
pub(super) type Place = OwnedSemaphorePermit;

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
    _place: Place,
}

impl Waiting {
    /// Of an append with so many bytes of payloads and metadata.
    pub(super) fn new(append: Append<'_>, bytes: usize, reply: Reply, place: Place) -> Self {
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
        let command = self.command.as_ref().map(|(key, name)| CommandRecord { key: *key, name });
        Append::new(&self.stream, self.expected, &self.events).last_event_id(self.head).command(command)
    }

    /// Whether this append goes on where another one ends.
    pub(super) fn follows(&self, other: &Self) -> bool {
        let last = other.events.last().map(|event| event.id);
        self.expected == other.append().last_revision() && (self.head.is_none() || self.head == last)
    }

    pub(super) fn is_large(&self) -> bool {
        Course::of(self.events.len(), self.bytes) == Course::Beside
    }

    pub(super) fn answer(self, outcome: Result<AppendOutcome, StoreError>) {
        // A caller that is gone wants no answer.
        let _gone = self.reply.send(outcome);
    }

    /// Fails with the error of another append, for which this one has waited.
    pub(super) fn fail_as(self, error: &StoreError) {
        if let Some(error) = waited_too_long(error) {
            self.answer(Err(error));
        }
    }
}

/// The error of an append that waited for too long, once more.
pub(super) fn waited_too_long(error: &StoreError) -> Option<StoreError> {
    match error {
        StoreError::Backend { source, .. } => source.downcast_ref::<LockTimeout>().cloned().map(Into::into),
        StoreError::Unavailable { source } => source.downcast_ref::<PoolTimeout>().copied().map(Into::into),
        _ => None,
    }
}

/// Which way an append goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Through a lane.
    Lane,
    /// On a connection of the pool, beside the lanes.
    Beside,
}

impl Course {
    /// That of so many events.
    pub(super) const fn of(events: usize, bytes: usize) -> Self {
        if events > LARGE_EVENTS || bytes > LARGE_BYTES { Self::Beside } else { Self::Lane }
    }

    /// How many lanes it takes up.
    pub(super) const fn lanes(self) -> usize {
        match self {
            Self::Lane => 1,
            Self::Beside => 0,
        }
    }
}

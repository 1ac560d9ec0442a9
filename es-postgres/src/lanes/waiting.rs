//! An append that waits for a lane. It is a copy, as its caller may be gone before it is sent.

use std::sync::Arc;

use es_core::{Append, AppendOutcome, CommandKey, CommandRecord, NewEvent, Revision, StoreError, StreamId};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

/// More than this is no company for others: it goes apart.
const LARGE_EVENTS: usize = 1_000;
const LARGE_BYTES: usize = 1 << 20;

type Reply = oneshot::Sender<Result<AppendOutcome, StoreError>>;

pub(super) struct Waiting {
    pub(super) stream: StreamId,
    pub(super) expected: Revision,
    pub(super) head: Option<Uuid>,
    pub(super) events: Vec<NewEvent>,
    pub(super) command: Option<(CommandKey, Arc<str>)>,
    pub(super) bytes: usize,
    /// That of the caller.
    pub(super) runtime: Handle,
    reply: Reply,
    _place: OwnedSemaphorePermit,
}

impl Waiting {
    pub(super) fn new(append: Append<'_>, reply: Reply, place: OwnedSemaphorePermit) -> Self {
        Self {
            stream: append.stream.clone(),
            expected: append.expected,
            head: append.head,
            events: append.events.to_vec(),
            command: append.command.map(|command| (command.key, command.name.into())),
            bytes: bytes(append.events),
            runtime: Handle::current(),
            reply,
            _place: place,
        }
    }

    pub(super) fn append(&self) -> Append<'_> {
        let command = self.command.as_ref().map(|(key, name)| CommandRecord { key: *key, name });
        Append::new(&self.stream, self.expected, &self.events).head(self.head).command(command)
    }

    /// Whether this append goes on where another one ends.
    pub(super) fn follows(&self, other: &Self) -> bool {
        let last = other.events.last().map(|event| event.id);
        self.expected == other.append().last_revision() && (self.head.is_none() || self.head == last)
    }

    pub(super) fn is_large(&self) -> bool {
        exceeds(self.events.len(), self.bytes)
    }

    pub(super) fn answer(self, outcome: Result<AppendOutcome, StoreError>) {
        // A caller that is gone wants no answer.
        let _gone = self.reply.send(outcome);
    }
}

/// Whether these events are no company for others.
pub(super) fn is_large(events: &[NewEvent]) -> bool {
    exceeds(events.len(), bytes(events))
}

const fn exceeds(events: usize, bytes: usize) -> bool {
    events > LARGE_EVENTS || bytes > LARGE_BYTES
}

fn bytes(events: &[NewEvent]) -> usize {
    events.iter().map(|event| event.payload.len()).sum()
}

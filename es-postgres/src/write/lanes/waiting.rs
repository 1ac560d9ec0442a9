//! Appends that wait for a lane. Each is a copy, as its caller may have gone away before it is sent.

use std::sync::Arc;
use std::time::Instant;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, CommandKey, CommandRecord};
use es_core::{Revision, StoreError, StreamId};
use foldhash::HashSet;
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

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// A copy of an append.
pub(super) struct OwnedAppend {
    pub(super) stream: StreamId,
    expected: Revision,
    head: Option<Uuid>,
    pub(super) events: Vec<NewEvent>,
    command: Option<(CommandKey, Arc<str>)>,
}

impl OwnedAppend {
    fn of(append: &Append<'_>) -> Self {
        Self {
            stream: append.stream.clone(),
            expected: append.expected,
            head: append.last_event_id,
            events: append.events.to_vec(),
            command: append.command.map(|command| (command.key, command.name.into())),
        }
    }

    pub(super) fn append(&self) -> Append<'_> {
        let command = self.command.as_ref().map(|(key, name)| CommandRecord::new(*key, name));
        Append::new(&self.stream, self.expected, &self.events).last_event_id(self.head).command(command)
    }
}

/// An append to one stream.
pub(super) struct Waiting {
    owned: OwnedAppend,
    pub(super) bytes: usize,
    pub(super) since: Instant,
    /// That of the caller.
    pub(super) runtime: Handle,
    reply: Reply<AppendOutcome>,
    _place: PlacePermit,
}

impl Waiting {
    /// `bytes` is the size of its payloads and metadata.
    pub(super) fn new(
        append: Append<'_>,
        bytes: usize,
        reply: Reply<AppendOutcome>,
        place: PlacePermit,
    ) -> Self {
        Self {
            owned: OwnedAppend::of(&append),
            bytes,
            since: Instant::now(),
            runtime: Handle::current(),
            reply,
            _place: place,
        }
    }

    pub(super) const fn stream(&self) -> &StreamId {
        &self.owned.stream
    }

    pub(super) const fn events(&self) -> &Vec<NewEvent> {
        &self.owned.events
    }

    pub(super) fn append(&self) -> Append<'_> {
        self.owned.append()
    }

    /// Whether this append continues at the end of another one.
    pub(super) fn follows(&self, other: &Self) -> bool {
        let last = other.events().last().map(|event| event.id);
        let Self { owned: OwnedAppend { expected, head, .. }, .. } = self;
        *expected == other.append().last_revision() && (head.is_none() || *head == last)
    }

    pub(super) fn is_large(&self) -> bool {
        Course::of(self.events().len(), self.bytes) == Course::Beside
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

/// An atomic append to several streams.
pub(super) struct WaitingGroup {
    owned: Vec<OwnedAppend>,
    pub(super) events: usize,
    pub(super) bytes: usize,
    pub(super) since: Instant,
    pub(super) runtime: Handle,
    reply: Reply<Vec<AppendOutcome>>,
    _place: PlacePermit,
}

impl WaitingGroup {
    /// `bytes` is the size of its payloads and metadata.
    pub(super) fn new(
        appends: &[Append<'_>],
        bytes: usize,
        reply: Reply<Vec<AppendOutcome>>,
        place: PlacePermit,
    ) -> Self {
        Self {
            owned: appends.iter().map(OwnedAppend::of).collect(),
            events: appends.iter().map(|append| append.events.len()).sum(),
            bytes,
            since: Instant::now(),
            runtime: Handle::current(),
            reply,
            _place: place,
        }
    }

    pub(super) fn appends(&self) -> Vec<Append<'_>> {
        self.owned.iter().map(OwnedAppend::append).collect()
    }

    /// The number of its streams.
    pub(super) const fn len(&self) -> usize {
        self.owned.len()
    }

    /// The streams to which it writes.
    pub(super) fn written(&self) -> impl Iterator<Item = &StreamId> {
        self.owned.iter().filter(|owned| !owned.events.is_empty()).map(|owned| &owned.stream)
    }

    /// The streams that it only reads.
    pub(super) fn read(&self) -> impl Iterator<Item = &StreamId> {
        self.owned.iter().filter(|owned| owned.events.is_empty()).map(|owned| &owned.stream)
    }

    pub(super) fn answer(self, outcomes: Result<Vec<AppendOutcome>, StoreError>) {
        let _gone = self.reply.send(outcomes);
    }

    /// Fails with the error of an append for which it waited.
    pub(super) fn fail_as(self, error: &StoreError) {
        if let Some(error) = waited_too_long(error) {
            self.answer(Err(error));
        }
    }
}

/// Appends to one stream, each of which continues at the revision where the previous one ends.
pub(super) type Chain = Vec<Waiting>;

/// What waits.
pub(super) enum Next {
    One(Waiting),
    Group(WaitingGroup),
}

impl Next {
    pub(super) fn writes(&self, stream: &StreamId) -> bool {
        match self {
            Self::One(one) => one.stream() == stream,
            Self::Group(group) => group.written().any(|written| written == stream),
        }
    }

    pub(super) fn uses(&self, stream: &StreamId) -> bool {
        self.writes(stream) || matches!(self, Self::Group(group) if group.read().any(|read| read == stream))
    }

    pub(super) const fn since(&self) -> Instant {
        match self {
            Self::One(one) => one.since,
            Self::Group(group) => group.since,
        }
    }

    /// Fails with the error of another append, for which this one waited.
    pub(super) fn fail_as(self, error: &StoreError) {
        match self {
            Self::One(one) => one.fail_as(error),
            Self::Group(group) => group.fail_as(error),
        }
    }

    /// Adds the streams for which later appends have to wait.
    pub(super) fn hold_back(&self, streams: &mut HashSet<StreamId>) {
        match self {
            Self::One(one) => drop(streams.insert(one.stream().clone())),
            Self::Group(group) => streams.extend(group.written().cloned()),
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        match self {
            Self::One(one) => one.bytes,
            Self::Group(group) => group.bytes,
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
    /// The same, while the queue sends others to its streams: the locks of the rows keep them in order.
    Detached,
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
            Self::Beside | Self::Detached => 0,
        }
    }
}

//! The state of one stream in a transaction.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use super::super::Repository;
use super::super::cache::{Folded, TurnGuard};
use super::super::fold::Fold;
use super::super::port::Direct;
use super::super::snapshots::snapshot_due;
use super::super::written::EncodedEvents;
use super::outcome::Planned;
use crate::error::{ExecuteError, StoreError};
use crate::model::{Aggregate, Handle};
use crate::record::{Metadata, Recorded};
use crate::store::{Append, EventStore};
use crate::stream::{Revision, StreamId};

/// One aggregate in a transaction.
pub(super) struct Part<A: Aggregate, S> {
    pub(super) repository: Repository<A, S>,
    /// That of the transaction.
    pub(super) store: Arc<S>,
    pub(super) turn: TurnGuard<A>,
    /// The revision of the stream, before the transaction.
    pub(super) base: Folded<()>,
    /// Whether that may be stale.
    pub(super) cached: bool,
    /// After everything that the transaction has done so far; loaded when it is needed.
    pub(super) state: Option<Arc<A>>,
    /// What is to be written.
    pub(super) written: Option<EncodedEvents<A>>,
    /// What the transaction did to the stream when it was first executed.
    pub(super) first: Option<First<A>>,
}

/// The first execution of a transaction, as a repetition follows it.
pub(super) struct First<A: Aggregate> {
    pub(super) count: u64,
    pub(super) events: std::vec::IntoIter<Recorded<A::Event>>,
    /// How many stored events the repetition has reached.
    pub(super) passed: u64,
}

/// A repetition that takes another course.
pub(super) struct Differs;

pub(super) type Anything = Box<dyn Any + Send>;
type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Part`] of any aggregate.
pub(super) trait AnyPart: Any + Send + Sync {
    fn is_cached(&self) -> bool;
    fn holds_turn(&self) -> bool;
    /// How many events it writes.
    fn count(&self) -> u64;
    /// The revision of the last event that the transaction writes, or first wrote.
    fn last_written(&self) -> Option<Revision>;
    /// Whether a repetition has reached everything that was first written.
    fn is_passed(&self) -> bool;
    fn append<'a>(&'a self, stream: &'a StreamId) -> Append<'a>;
    /// The append was written: keeps the state, and stores a snapshot if one is due.
    fn appended(self: Box<Self>, stream: &StreamId);
    /// Nothing was written, on the current states of the streams: keeps the state, if it is that.
    fn unchanged(self: Box<Self>);
    /// The append was refused, as other programs write to the stream as well.
    fn contest(&mut self);
    /// Releases the turn and the state.
    fn release(&mut self);
    /// Waits for the turn again.
    fn queue<'a>(&'a self, key: &'a str) -> Boxed<'a, Anything>;
}

impl<A: Aggregate, S: EventStore + 'static> Part<A, S> {
    /// The revision after everything that the transaction has done so far.
    fn revision(&self) -> Revision {
        self.base.revision.plus(self.first.as_ref().map_or(self.count(), |first| first.passed))
    }

    /// The state after everything that the transaction has done so far.
    pub(super) async fn state(&mut self, stream: &StreamId) -> Result<Arc<A>, StoreError> {
        if let Some(state) = &self.state {
            return Ok(Arc::clone(state));
        }
        let state = Arc::new(self.fold(stream).await?);
        self.state = Some(Arc::clone(&state));
        Ok(state)
    }

    /// The same, from the stream.
    async fn fold(&self, stream: &StreamId) -> Result<A, StoreError> {
        let stored = if self.first.is_some() { self.revision() } else { self.base.revision };
        let fold = Fold::<A>::new(stream).run(&mut Direct(&*self.store), |load| load.up_to(stored)).await?;
        let mut state = fold.state;
        if let Some(written) = &self.written {
            written.apply_to(stream, stored, &mut state)?;
        }
        Ok(state)
    }

    pub(super) async fn execute<C>(
        &mut self,
        stream: &StreamId,
        command: &C,
        metadata: &Arc<Metadata>,
    ) -> Result<Result<Planned<A>, Differs>, ExecuteError<<A as Handle<C>>::Error>>
    where
        A: Handle<C>,
        C: Sync,
    {
        let events = self.state(stream).await?.handle(command).map_err(ExecuteError::Rejected)?;
        if events.is_empty() {
            return Ok(Ok(Planned { events: Vec::new(), revision: self.revision() }));
        }
        if let Some(first) = &mut self.first {
            first.passed += events.len() as u64;
            let (passed, all) = (first.passed, first.count);
            let last = self.base.revision.plus(passed);
            let first = first.events.by_ref();
            let done = first.as_slice().iter().take_while(|recorded| recorded.revision <= last).count();
            let events = first.take(done).map(|recorded| recorded.event).collect();
            self.state = None;
            return Ok(if passed > all { Err(Differs) } else { Ok(Planned { events, revision: last }) });
        }
        let expected = self.revision();
        let limits = self.store.limits();
        let mut encoded = EncodedEvents::new(stream, expected, &events, metadata, limits)?;
        drop(events);
        let state = match self.state.take().and_then(Arc::into_inner) {
            Some(state) => state,
            None => self.fold(stream).await?,
        };
        let state = encoded.fold_into(state)?;
        let events = encoded.events(stream, expected)?;
        match &mut self.written {
            Some(written) => written.join(encoded),
            None => self.written = Some(encoded),
        }
        self.state = Some(Arc::new(state));
        Ok(Ok(Planned { events, revision: self.revision() }))
    }
}

impl<A: Aggregate, S: EventStore + 'static> AnyPart for Part<A, S> {
    fn is_cached(&self) -> bool {
        self.cached
    }

    fn holds_turn(&self) -> bool {
        self.turn.keeps()
    }

    fn count(&self) -> u64 {
        self.written.as_ref().map_or(0, |written| written.new.len() as u64)
    }

    fn last_written(&self) -> Option<Revision> {
        let last = self.revision();
        (last > self.base.revision).then_some(last)
    }

    fn is_passed(&self) -> bool {
        self.first.as_ref().is_none_or(|first| first.passed == first.count)
    }

    fn append<'a>(&'a self, stream: &'a StreamId) -> Append<'a> {
        let events = self.written.as_ref().map_or(&[][..], |written| &written.new);
        Append::new(stream, self.base.revision, events).last_event_id(self.base.last_event_id)
    }

    fn appended(self: Box<Self>, stream: &StreamId) {
        let revision = self.revision();
        let Self { repository, mut turn, base, state, written, .. } = *self;
        let provisional = written.as_ref().is_some_and(|written| written.provisional);
        let last = written.as_ref().and_then(|written| written.new.last());
        let last_event_id = last.map_or(base.last_event_id, |event| Some(event.id));
        let after = Folded { state: (), revision, last_event_id, snapshot: base.snapshot };
        // Provisional events are not what later readers will fold.
        if let Some(state) = state.and_then(Arc::into_inner).filter(|_| !provisional) {
            let due = snapshot_due::<A>(&after).filter(|_| last.is_some());
            repository.keep(&mut turn, stream, &after, state, due);
        }
    }

    fn unchanged(self: Box<Self>) {
        let Self { mut turn, base, state, written: None, first: None, .. } = *self else { return };
        if let Some(state) = state.and_then(Arc::into_inner) {
            let Folded { revision, last_event_id, snapshot, .. } = base;
            turn.keep(Folded { state, revision, last_event_id, snapshot });
        }
    }

    fn contest(&mut self) {
        self.repository.counters.conflicts.count();
        self.turn.contest();
    }

    fn release(&mut self) {
        self.turn = TurnGuard::none();
        self.state = None;
        self.written = None;
    }

    fn queue<'a>(&'a self, key: &'a str) -> Boxed<'a, Anything> {
        Box::pin(async move { Box::new(self.repository.cache.turn(key).await) as Anything })
    }
}

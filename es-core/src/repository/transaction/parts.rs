//! The streams of one attempt at a transaction.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Repository;
use super::super::cache::TurnGuard;
use super::open::StateSource;
use super::outcome::TransactionError;
use super::part::{AnyPart, Anything, Part};
use crate::error::StoreError;
use crate::model::Aggregate;
use crate::record::Metadata;
use crate::store::{CommandKey, CommandRecord, EventStore};
use crate::stream::StreamId;

/// The same in all attempts.
pub(super) struct Request {
    /// As stored; none if its time is out of range.
    pub(super) metadata: Option<Arc<Metadata>>,
    pub(super) command: Option<CommandKey>,
    pub(super) name: Cow<'static, str>,
}

impl Request {
    pub(super) fn record(&self) -> Option<CommandRecord<'_>> {
        self.command.map(|key| CommandRecord { key, name: &self.name })
    }

    /// The error of a repetition that takes another course.
    pub(super) fn not_repeated(&self, stream: StreamId) -> TransactionError {
        let command_id = self.command.map(|command| command.id).unwrap_or_default();
        StoreError::NotRepeated { stream, command_id }.into()
    }
}

/// Whether the transaction is executed for the first time, as its first stream shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    First,
    Repetition,
}

/// What has failed, however the transaction handles it.
pub(super) enum FailureCause {
    /// The store has failed.
    Store,
    /// Another execution of the transaction came first.
    Overtaken(StreamId),
    /// A repetition takes another course at this stream.
    Differs(StreamId),
}

/// Those opened by the attempt.
pub(super) type Streams = BTreeMap<StreamId, Box<dyn AnyPart>>;

/// Turns that were waited for before the attempt.
pub(super) type Turns = BTreeMap<StreamId, Anything>;

pub(super) struct Parts {
    pub(super) parts: Streams,
    turns: Turns,
    start: StateSource,
    pub(super) course: Option<Course>,
    pub(super) failure_cause: Option<FailureCause>,
}

impl Parts {
    pub(super) const fn new(start: StateSource, turns: Turns) -> Self {
        Self { parts: BTreeMap::new(), turns, start, course: None, failure_cause: None }
    }

    /// The part of an aggregate, which is opened if it is not there.
    pub(super) async fn of<A: Aggregate, S: EventStore + 'static>(
        &mut self,
        repository: &Repository<A, S>,
        store: &Arc<S>,
        stream: &StreamId,
        given: &Request,
    ) -> Result<&mut Part<A, S>, StoreError> {
        if !self.parts.contains_key(stream) {
            let turn = self.turn(repository, stream).await;
            let part = Part::open(repository, store, stream, turn, (self.start, given.record())).await?;
            self.follow(&part, stream)?;
            self.parts.insert(stream.clone(), Box::new(part));
        }
        let part: Option<&mut dyn Any> = self.parts.get_mut(stream).map(|part| &mut **part as _);
        part.and_then(|part| part.downcast_mut()).ok_or_else(|| {
            let source = format!("stream `{stream}` is used as two aggregates in one transaction").into();
            StoreError::Backend { source, retryable: false }
        })
    }

    /// Waits for the turn if no other waiter, in the same order, can be waiting for this transaction.
    async fn turn<A: Aggregate, S: EventStore>(
        &mut self,
        repository: &Repository<A, S>,
        stream: &StreamId,
    ) -> TurnGuard<A> {
        if let Some(turn) = self.turns.remove(stream)
            && let Ok(turn) = turn.downcast()
        {
            return *turn;
        }
        let held = self.parts.iter().filter(|(_, part)| part.holds_turn()).map(|(stream, _)| stream);
        let is_last = held.chain(self.turns.keys()).all(|held| held < stream);
        if is_last {
            repository.cache.turn(stream.key()).await
        } else {
            repository.cache.try_turn(stream.key())
        }
    }

    /// All streams of a transaction know its command, or none does.
    fn follow<A: Aggregate, S>(&mut self, part: &Part<A, S>, stream: &StreamId) -> Result<(), StoreError> {
        let course = if part.first.is_some() { Course::Repetition } else { Course::First };
        match self.course {
            None => self.course = Some(course),
            Some(before) if before == course => {}
            Some(Course::First) => self.failure_cause = Some(FailureCause::Overtaken(stream.clone())),
            Some(Course::Repetition) => self.failure_cause = Some(FailureCause::Differs(stream.clone())),
        }
        match self.failure_cause {
            Some(_) => Err(failed_transaction()),
            None => Ok(()),
        }
    }
}

/// For the transaction, which has no say in it.
pub(super) fn failed_transaction() -> StoreError {
    StoreError::Backend { source: "the transaction cannot continue".into(), retryable: true }
}

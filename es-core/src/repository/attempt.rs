//! One attempt at a command: load, decide, append.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use super::cache::{Ahead, Folded, TurnGuard};
use super::decided::{Basis, DecidedAppend, Submission, restored};
use super::fold::Fold;
use super::options::Remember;
use super::port::Port;
use super::repeated::repeated;
use super::snapshots::snapshot_due;
use super::stop::{Failure, Stop};
use super::written::{EncodedEvents, Executed};
use super::{ExecuteOptions, Repository};
use crate::error::{ExecuteError, StoreError};
use crate::model::{Aggregate, Events};
use crate::record::Metadata;
use crate::store::{Append, AppendOutcome, CommandRecord, Decision, EventStore, Remembered};
use crate::stream::StreamId;

/// How many times a command may be retried for free because the commands before it hit a conflict too. After
/// that it keeps its turn until its append is written, so that each conflict is its own and is counted.
const OVERTAKEN: u32 = 8;

/// One command being executed.
pub(super) struct Run<'a, A, S, P> {
    pub(super) repository: &'a Repository<A, S>,
    pub(super) port: P,
    pub(super) options: ExecuteOptions,
    /// As stored.
    pub(super) metadata: Arc<Metadata>,
    pub(super) turn: TurnGuard<A>,
    /// The caller may still roll back, so no snapshot is taken; and after an error the transaction is lost,
    /// so nothing is retried in it.
    pub(super) in_transaction: bool,
    /// How many more times the turn may end too early, before an append that is then not written.
    pub(super) early: u32,
}

impl<'a, A: Aggregate, S: EventStore + 'static, P: Port> Run<'a, A, S, P> {
    pub(super) fn new(repository: &'a Repository<A, S>, port: P, options: ExecuteOptions) -> Self {
        Self {
            repository,
            port,
            options,
            metadata: Arc::default(),
            turn: TurnGuard::none(),
            in_transaction: false,
            early: OVERTAKEN,
        }
    }

    pub(super) fn in_transaction(repository: &'a Repository<A, S>, port: P, options: ExecuteOptions) -> Self {
        Self { in_transaction: true, early: 0, ..Self::new(repository, port, options) }
    }

    /// Decides once, from `start` on.
    pub(super) async fn attempt<'s, F, Fut, E>(
        &mut self,
        stream: &'s StreamId,
        start: Fold<'s, A>,
        decide: &F,
    ) -> Result<Executed<A>, Stop<'s, A, E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let mut basis = self.basis(start).await?;
        let name = self.options.command_name.clone().unwrap_or(Cow::Borrowed("decide"));
        let record = self.options.command.map(|key| CommandRecord { key, name: &name });
        if let (Some(record), Some(outcome)) = (record, basis.fold.command.take()) {
            outcome.check(stream, record)?;
            return Ok(repeated(&mut self.port, stream, record, outcome, decide).await?);
        }
        let Basis { mut fold, cached } = basis.at(self.options.expected)?;
        let expected = fold.revision;
        let state = Arc::new(std::mem::replace(&mut fold.state, A::initial()));
        match decide(Arc::clone(&state)).await {
            Ok(events) if !events.is_empty() => {
                let decided = self.read_back::<E>(stream, Basis { fold, cached }, state, events).await?;
                let (outcome, sent) = self.write(stream, decided, record).await;
                self.conclude(stream, outcome, sent, record, decide).await
            }
            // No append will tell whether the state was the newest.
            _ if cached => Err(Stop::Unconfirmed(restored(fold, state))),
            nothing => {
                let decision = match (&nothing, self.options.remember) {
                    (_, Remember::Nothing) | (Err(_), Remember::Empty) => None,
                    (Ok(_), _) => record.map(|record| Decision::empty(stream, expected, record)),
                    (Err(_), Remember::All) => {
                        record.map(|record| Decision::rejected(stream, expected, record))
                    }
                };
                let remembered = decision.map(|decision| decision.last_event_id(fold.last_event_id));
                if let Some(first) = self.remember(remembered, decide).await? {
                    return Ok(first);
                }
                self.keep_unchanged(fold, state);
                nothing.map_err(ExecuteError::Rejected)?;
                Ok(Executed { events: Vec::new(), revision: expected, repeated: false })
            }
        }
    }

    /// The state to decide on: a cached one, or the stream's. The aggregate is registered with the store by
    /// then.
    async fn basis<'s, E: Error + 'static>(
        &mut self,
        mut fold: Fold<'s, A>,
    ) -> Result<Basis<'s, A>, Stop<'s, A, E>> {
        let told = match self.repository.know_earlier_names().await {
            Ok(()) => self.repository.register().await,
            failed => failed,
        };
        told.map_err(|error| self.unless_final(error))?;
        let cached = std::mem::take(&mut fold.cached);
        if !cached {
            let command_id = self.options.command.map(|command| command.id);
            let read = fold.run(&mut self.port, |load| load.command_id(command_id)).await;
            fold = read.map_err(|error| self.unless_final(error))?;
            self.turn.confirm(|| fold.copied());
        }
        Ok(Basis { fold, cached })
    }

    /// Remembers a decision without events, unless the command was decided before: then its first outcome.
    async fn remember<'s, F, Fut, E>(
        &mut self,
        decision: Option<Decision<'_>>,
        decide: &F,
    ) -> Result<Option<Executed<A>>, Stop<'s, A, E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let Some(decision) = decision else { return Ok(None) };
        let Decision { stream, revision, command, .. } = decision;
        match self.port.remember(decision).await {
            Ok(Remembered::Kept) => Ok(None),
            Ok(Remembered::Conflict { actual }) => {
                self.repository.counters.conflicts.count();
                Err(Stop::conflict(revision, actual))
            }
            Ok(Remembered::Repeated(outcome)) => {
                Ok(Some(repeated(&mut self.port, stream, command, outcome, decide).await?))
            }
            Err(error) => Err(self.unless_final(error)),
        }
    }

    /// Encodes the events and folds what a later reader will see of them: if either fails, nothing is
    /// written.
    async fn read_back<'s, E: Error + 'static>(
        &mut self,
        stream: &'s StreamId,
        Basis { fold, cached }: Basis<'s, A>,
        state: Arc<A>,
        events: Events<A>,
    ) -> Result<DecidedAppend<A>, Stop<'s, A, E>> {
        let expected = fold.revision;
        let mut written = EncodedEvents::new(stream, expected, &events, &self.metadata, self.port.limits())?;
        drop(events);
        let state = match Arc::into_inner(state) {
            Some(state) => state,
            // The decision has kept it.
            None => match Fold::new(stream).run(&mut self.port, |load| load.up_to(expected)).await {
                Ok(fold) => fold.state,
                Err(error) => return Err(self.unless_final(error)),
            },
        };
        // From here on the state from before the append is gone, so after a conflict it is loaded.
        let state = match written.fold_into(state) {
            Ok(state) => state,
            // The newest state might not have led to this event.
            Err(_) if cached => return Err(Stop::Unconfirmed(None)),
            Err(error) => return Err(error.into()),
        };
        let last = expected.plus(written.new.len() as u64);
        let last_event_id = written.new.last().map(|event| event.id);
        let after = Folded { state: (), revision: last, last_event_id, snapshot: fold.snapshot };
        Ok(DecidedAppend { expected, last_event_id: fold.last_event_id, cached, written, state, after })
    }

    /// Appends, or submits the append and ends the turn, if other commands wait for theirs.
    async fn write(
        &mut self,
        stream: &StreamId,
        decided: DecidedAppend<A>,
        record: Option<CommandRecord<'_>>,
    ) -> (Result<AppendOutcome, StoreError>, Submission<A>) {
        let DecidedAppend { expected, last_event_id, cached, written, state, after } = decided;
        let append = Append::new(stream, expected, &written.new).last_event_id(last_event_id).command(record);
        // Others cannot continue from a state that only the append completes.
        let ahead = if written.provisional { None } else { self.ahead(&after) };
        let (outcome, state) = if ahead.is_some() {
            match self.port.submit(append).await {
                Ok(submitted) => {
                    self.keep(stream, &after, state);
                    self.turn = TurnGuard::none();
                    (submitted.await, None)
                }
                Err(error) => (Err(error), Some(state)),
            }
        } else {
            (self.port.append(append).await, Some(state))
        };
        (outcome, Submission { expected, cached, written, state, after, ahead })
    }

    /// Applies the outcome of the append to the command, and to the cached states.
    async fn conclude<'s, F, Fut, E>(
        &mut self,
        stream: &'s StreamId,
        outcome: Result<AppendOutcome, StoreError>,
        sent: Submission<A>,
        record: Option<CommandRecord<'_>>,
        decide: &F,
    ) -> Result<Executed<A>, Stop<'s, A, E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let Submission { expected, cached, written, mut state, after, ahead } = sent;
        if let (Some(ahead), false) = (&ahead, matches!(outcome, Ok(AppendOutcome::Appended(_)))) {
            ahead.end_epoch();
            let conflict = matches!(outcome, Ok(AppendOutcome::Conflict { .. }));
            self.early = if conflict { self.early.saturating_sub(1) } else { 0 };
        }
        if let Ok(AppendOutcome::Conflict { .. }) = outcome {
            self.repository.counters.conflicts.count();
            self.turn.contest();
        }
        match outcome {
            Ok(AppendOutcome::Appended(appended)) => {
                let executed = written.executed(stream, expected, &appended)?;
                if written.provisional {
                    state = self.load_after(stream, &after).await;
                }
                if let Some(state) = state {
                    self.keep(stream, &after, state);
                }
                Ok(executed)
            }
            Ok(AppendOutcome::Repeated(outcome)) => match record {
                Some(record) => Ok(repeated(&mut self.port, stream, record, outcome, decide).await?),
                None => Err(contradiction("the store calls an append without a command id repeated").into()),
            },
            Ok(AppendOutcome::Conflict { .. }) if ahead.is_some() && cached => Err(Stop::Overtaken),
            Ok(AppendOutcome::Conflict { .. }) if cached => Err(Stop::Unconfirmed(None)),
            Ok(AppendOutcome::Conflict { actual }) => Err(Stop::conflict(expected, actual)),
            Ok(AppendOutcome::NotWritten) => {
                Err(contradiction("the store left a single append undecided").into())
            }
            Err(error) => Err(self.unless_final(error)),
        }
    }

    /// Whether to end the turn before the append is written, if other commands wait for theirs. Not if a
    /// snapshot is due: the next command to hold the state might not take it either.
    fn ahead(&self, after: &Folded<()>) -> Option<Ahead<A>> {
        if self.early > 0 && snapshot_due::<A>(after).is_none() { self.turn.ahead() } else { None }
    }

    fn unless_final<'s, E: Error + 'static>(&self, error: StoreError) -> Stop<'s, A, E> {
        if error.is_retryable() && !self.in_transaction {
            Stop::Failed(Failure::Store(error))
        } else {
            error.into()
        }
    }
}

/// The error of a store that breaks its contract.
fn contradiction(what: &'static str) -> StoreError {
    StoreError::Backend { source: what.into(), retryable: false }
}

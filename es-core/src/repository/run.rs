//! Executing a command: load, decide, append; after a conflict, all of it again.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::Instrument;

use super::cache::{Ahead, Folded, Turn};
use super::fold::Fold;
use super::port::Port;
use super::repeated::repeated;
use super::written::{Encoded, Executed};
use super::{ExecuteOptions, Repository};
use crate::error::{ExecuteError, StoreError};
use crate::model::{Aggregate, Events, Snapshots};
use crate::record::Metadata;
use crate::store::{Append, AppendOutcome, CommandRecord, Decision, EventStore, Remembered};
use crate::stream::{Revision, StreamId, StreamKey};

/// One command on its way.
pub(super) struct Run<'a, A, S, P> {
    repository: &'a Repository<A, S>,
    port: P,
    options: ExecuteOptions,
    /// As stored.
    metadata: Arc<Metadata>,
    turn: Turn<A>,
    /// The caller may still roll back, so no snapshot is taken; and after an error the transaction is lost,
    /// so nothing is tried again in it.
    in_transaction: bool,
    /// Whether the turn may end before the append is written. Once that was too early, it may not.
    eager: bool,
}

impl<'a, A: Aggregate, S: EventStore + 'static, P: Port> Run<'a, A, S, P> {
    pub(super) fn new(repository: &'a Repository<A, S>, port: P, options: ExecuteOptions) -> Self {
        Self {
            repository,
            port,
            options,
            metadata: Arc::default(),
            turn: Turn::none(),
            in_transaction: false,
            eager: true,
        }
    }

    pub(super) fn in_transaction(repository: &'a Repository<A, S>, port: P, options: ExecuteOptions) -> Self {
        Self { in_transaction: true, eager: false, ..Self::new(repository, port, options) }
    }

    pub(super) async fn go<F, Fut, E>(mut self, id: &A::Id, decide: F) -> Result<Executed<A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let stream = StreamId::new(A::NAME, id.to_key())?;
        match std::mem::take(&mut self.options.metadata).into_stored() {
            Some(metadata) => self.metadata = Arc::new(metadata),
            None => return Err(StoreError::TimeOutOfRange { stream }.into()),
        }
        let span = tracing::debug_span!("command", stream = %stream, command_id = tracing::field::Empty);
        if let Some(command) = self.options.command {
            span.record("command_id", tracing::field::display(command.id));
        }
        let counters = &*self.repository.counters;
        counters.commands.count();
        let done = async move {
            let (retry, began) = (self.repository.retry, Instant::now());
            let mut repeated = 0;
            let mut start = self.begin(&stream).await;
            loop {
                let failure = match self.attempt(&stream, start, &decide).await? {
                    Attempt::Done(executed) => return Ok(executed),
                    Attempt::Unconfirmed(fold) => {
                        self.turn.settle().await;
                        start = fold;
                        continue;
                    }
                    Attempt::Overtaken => {
                        start = self.begin(&stream).await;
                        continue;
                    }
                    Attempt::Failed(failure) => failure,
                };
                let last = match failure {
                    Failure::Conflict { .. } => self.options.expected.is_some(),
                    Failure::Store(_) => began.elapsed() >= retry.within,
                };
                if repeated == retry.times || last {
                    return Err(failure.into_error(&stream));
                }
                tokio::time::sleep(retry.wait(repeated)).await;
                repeated += 1;
                counters.retries.count();
                tracing::debug!(repeated, "deciding again");
                start = if self.in_transaction || self.turn.keeps() {
                    Fold::new(&stream)
                } else {
                    self.begin(&stream).await
                };
            }
        }
        .instrument(span)
        .await;
        match &done {
            Ok(executed) if executed.repeated => counters.repeated.count(),
            Ok(_) => {}
            Err(ExecuteError::Rejected(_)) => counters.rejected.count(),
            Err(_) => counters.failed.count(),
        }
        done
    }

    /// Waits for its turn; then the state that was kept, or none.
    async fn begin<'s>(&mut self, stream: &'s StreamId) -> Fold<'s, A> {
        if !self.in_transaction {
            self.turn = Turn::none();
            self.turn = self.repository.cache.turn(stream.key()).await;
        }
        match self.turn.take() {
            Some(folded) => {
                self.repository.counters.warm.count();
                Fold::cached(stream, folded)
            }
            None => Fold::new(stream),
        }
    }

    /// Decides once, from `start` on.
    async fn attempt<'s, F, Fut, E>(
        &mut self,
        stream: &'s StreamId,
        start: Fold<'s, A>,
        decide: &F,
    ) -> Result<Attempt<'s, A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let told = match self.repository.know_earlier_names().await {
            Ok(()) => self.repository.register().await,
            failed => failed,
        };
        if let Err(error) = told {
            return self.unless_final(error);
        }
        let command = self.options.command;
        let command_id = command.map(|command| command.id);
        let mut fold = start;
        let cached = std::mem::take(&mut fold.cached);
        if !cached {
            fold = match fold.run(&mut self.port, |load| load.command_id(command_id)).await {
                Ok(fold) => fold,
                Err(error) => return self.unless_final(error),
            };
        }
        let name = self.options.command_name.clone().unwrap_or(Cow::Borrowed("decide"));
        let record = command.map(|key| CommandRecord { key, name: &name });
        if let (Some(record), Some(outcome)) = (record, fold.command.take()) {
            outcome.check(stream, record)?;
            let done = repeated(&mut self.port, stream, record, outcome, decide).await?;
            return Ok(Attempt::Done(done));
        }
        let expected = fold.revision;
        if let Some(wanted) = self.options.expected
            && wanted != expected
        {
            return Ok(if cached {
                Attempt::Unconfirmed(fold)
            } else {
                Attempt::Failed(Failure::Conflict { expected: wanted, actual: expected })
            });
        }

        let state = Arc::new(std::mem::replace(&mut fold.state, A::initial()));
        let events = match decide(Arc::clone(&state)).await {
            Ok(events) if !events.is_empty() => events,
            // No append will say whether the state was the newest.
            _ if cached => return Ok(Attempt::Unconfirmed(restored(stream, fold, state))),
            nothing => {
                if let (true, Some(record)) = (self.options.remember_decision, record) {
                    let decision = match &nothing {
                        Ok(_) => Decision::empty(stream, expected, record),
                        Err(_) => Decision::rejected(stream, expected, record),
                    };
                    match self.port.remember(decision.head(fold.head)).await {
                        Ok(Remembered::Kept) => {}
                        Ok(Remembered::Conflict { actual }) => {
                            self.repository.counters.conflicts.count();
                            return Ok(Attempt::Failed(Failure::Conflict { expected, actual }));
                        }
                        Ok(Remembered::Repeated(outcome)) => {
                            let done = repeated(&mut self.port, stream, record, outcome, decide).await?;
                            return Ok(Attempt::Done(done));
                        }
                        Err(error) => return self.unless_final(error),
                    }
                }
                if let Some(state) = Arc::into_inner(state) {
                    fold.state = state;
                    self.turn.keep(fold.into_folded());
                }
                nothing.map_err(ExecuteError::Rejected)?;
                return Ok(Attempt::Done(Executed {
                    events: Vec::new(),
                    revision: expected,
                    repeated: false,
                }));
            }
        };
        let limits = self.port.limits();
        let mut written = Encoded::new(stream, expected, &events, &self.metadata, limits)?;
        drop(events);
        let state = match Arc::into_inner(state) {
            Some(state) => state,
            // The decision has kept it.
            None => match Fold::new(stream).run(&mut self.port, |load| load.up_to(expected)).await {
                Ok(fold) => fold.state,
                Err(error) => return self.unless_final(error),
            },
        };
        // From here on there is no state of before the append, so after a conflict it is loaded.
        let state = match written.fold_into(state) {
            Ok(state) => state,
            // The newest state might not have led to this event.
            Err(_) if cached => return Ok(Attempt::Unconfirmed(Fold::new(stream))),
            Err(error) => return Err(error.into()),
        };

        let append = Append::new(stream, expected, &written.new).head(fold.head).command(record);
        let head = written.new.last().map(|event| event.id);
        let after = Folded { state: (), revision: append.last_revision(), head, snapshot: fold.snapshot };
        // Others cannot go on from a state that only the append completes.
        let ahead = if written.provisional { None } else { self.ahead(&after) };
        let mut state = Some(state);
        let outcome = if ahead.is_some() {
            match self.port.submit(append).await {
                Ok(submitted) => {
                    self.keep(stream, &after, state.take());
                    self.turn = Turn::none();
                    submitted.await
                }
                Err(error) => Err(error),
            }
        } else {
            self.port.append(append).await
        };
        if let (Some(ahead), false) = (&ahead, matches!(outcome, Ok(AppendOutcome::Appended(_)))) {
            ahead.end_line();
            self.eager = false;
        }
        if let Ok(AppendOutcome::Conflict { .. }) = outcome {
            self.repository.counters.conflicts.count();
        }
        match outcome {
            Ok(AppendOutcome::Appended(appended)) => {
                let executed = written.executed(stream, expected, &appended)?;
                if written.provisional {
                    state = self.load_after(stream, &after).await;
                }
                self.keep(stream, &after, state);
                Ok(Attempt::Done(executed))
            }
            Ok(AppendOutcome::Repeated(outcome)) => match record {
                Some(record) => {
                    Ok(Attempt::Done(repeated(&mut self.port, stream, record, outcome, decide).await?))
                }
                None => {
                    let source = "the store calls an append without a command id repeated".into();
                    Err(StoreError::Backend { source, retryable: false }.into())
                }
            },
            Ok(AppendOutcome::Conflict { .. }) if ahead.is_some() => Ok(Attempt::Overtaken),
            Ok(AppendOutcome::Conflict { .. }) if cached => Ok(Attempt::Unconfirmed(Fold::new(stream))),
            Ok(AppendOutcome::Conflict { actual }) => {
                Ok(Attempt::Failed(Failure::Conflict { expected, actual }))
            }
            Ok(AppendOutcome::NotWritten) => {
                let source = "the store left a single append undecided".into();
                Err(StoreError::Backend { source, retryable: false }.into())
            }
            Err(error) => self.unless_final(error),
        }
    }

    /// To end the turn before the append is written, if others wait for theirs. Not where a snapshot is due:
    /// the next one to hold the state might not come to it either.
    fn ahead(&self, after: &Folded<()>) -> Option<Ahead<A>> {
        if self.eager && snapshot_due::<A>(after).is_none() { self.turn.ahead() } else { None }
    }

    fn unless_final<'s, E: Error + 'static>(
        &self,
        error: StoreError,
    ) -> Result<Attempt<'s, A>, ExecuteError<E>> {
        if error.is_retryable() && !self.in_transaction {
            Ok(Attempt::Failed(Failure::Store(error)))
        } else {
            Err(error.into())
        }
    }

    /// The state after the append, as every later reader folds it, if it is to be kept.
    async fn load_after(&mut self, stream: &StreamId, after: &Folded<()>) -> Option<A> {
        let due = snapshot_due::<A>(after).is_some() && !self.in_transaction;
        if !due && !self.turn.keeps() {
            return None;
        }
        let fold = Fold::new(stream).run(&mut self.port, |load| load.up_to(after.revision)).await.ok()?;
        // The id is that of the stream's last event, so more has come since if it is another one.
        (fold.revision == after.revision && fold.head == after.head).then_some(fold.state)
    }

    /// Keeps the state after the append for the next command; keeps a snapshot of it, if one is due.
    fn keep(&mut self, stream: &StreamId, after: &Folded<()>, state: Option<A>) {
        let Some(state) = state else { return };
        let due = snapshot_due::<A>(after).filter(|_| !self.in_transaction);
        if due.is_none() && !self.turn.keeps() {
            return;
        }
        let mut snapshot = after.snapshot;
        if let Some(snapshots) = due {
            let Repository { store, snapshots: writer, .. } = self.repository;
            if writer.write(store, &snapshots, stream.clone(), after, &state) {
                snapshot = after.revision;
            }
        }
        self.turn.keep(Folded { state, revision: after.revision, head: after.head, snapshot });
    }
}

fn snapshot_due<A: Aggregate>(after: &Folded<()>) -> Option<Snapshots<A>> {
    let since = after.revision.get() - after.snapshot.get();
    A::snapshots().filter(|snapshots| since >= snapshots.every)
}

/// The fold with its state again; a new one, if the decision has kept the state.
fn restored<'a, A: Aggregate>(stream: &'a StreamId, mut fold: Fold<'a, A>, state: Arc<A>) -> Fold<'a, A> {
    match Arc::into_inner(state) {
        Some(state) => {
            fold.state = state;
            fold
        }
        None => Fold::new(stream),
    }
}

enum Attempt<'a, A: Aggregate> {
    Done(Executed<A>),
    /// The state came from the cache and may be an old one; from here it can be brought up to the stream.
    Unconfirmed(Fold<'a, A>),
    /// The turn has ended, and an append on which this one was built was not written.
    Overtaken,
    Failed(Failure),
}

/// Why an attempt may be repeated.
enum Failure {
    Conflict { expected: Revision, actual: Revision },
    Store(StoreError),
}

impl Failure {
    fn into_error<E: Error + 'static>(self, stream: &StreamId) -> ExecuteError<E> {
        match self {
            Self::Conflict { expected, actual } => {
                ExecuteError::Conflict { stream: stream.clone(), expected, actual }
            }
            Self::Store(error) => error.into(),
        }
    }
}

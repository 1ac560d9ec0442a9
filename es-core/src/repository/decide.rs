//! Carrying out a command: load, decide, append; after a conflict, the tail and the decision again.

use std::error::Error;
use std::future::{Future, ready};
use std::sync::Arc;

use tracing::Instrument;

use super::cache::{Folded, Turn};
use super::fold::Fold;
use super::history::recorded;
use super::port::{Direct, InTransaction, Port};
use super::written::{Encoded, Executed, executed};
use super::{ExecuteOptions, Repository};
use crate::{
    Aggregate, Append, AppendIn, AppendOutcome, CommandOutcome, CommandRecord, EventStore, Events,
    ExecuteError, Handle, Load, LoadItem, Revision, StoreError, StreamId, StreamKey,
};

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// Carries out a command: loads the state, lets [`Handle::handle`] decide, appends the events.
    ///
    /// A state that an earlier command has left in the [cache](Self::with_cache) is decided on at once: the command is then one
    /// round trip. It may be older than the stream, as other programs write as well; so an append is refused unless nothing came
    /// after it, and a rejection, or a decision without events, is made again on the fresh state before it is reported.
    ///
    /// After a conflict the decision is made again on the fresh state, as often as [`Retry`](super::Retry) says. Commands on one
    /// aggregate take turns within this repository, so that only other programs cause conflicts.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] with the domain's reason, [`ExecuteError::Conflict`] when other writers were faster
    /// each time, [`ExecuteError::Store`] for all else.
    pub async fn execute<C>(
        &self,
        id: &A::Id,
        command: C,
    ) -> Result<Executed<A>, ExecuteError<<A as Handle<C>>::Error>>
    where
        A: Handle<C>,
        C: Send + Sync,
    {
        self.execute_with(id, command, ExecuteOptions::new()).await
    }

    /// As [`execute`](Self::execute), with metadata, a command id, or an expected revision.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute); a stream that is not at the expected revision is a conflict at once.
    pub async fn execute_with<C>(
        &self,
        id: &A::Id,
        command: C,
        options: ExecuteOptions,
    ) -> Result<Executed<A>, ExecuteError<<A as Handle<C>>::Error>>
    where
        A: Handle<C>,
        C: Send + Sync,
    {
        self.decide_with(id, options.named_after::<C>(), |state: Arc<A>| ready(state.handle(&command))).await
    }

    /// As [`execute_with`](Self::execute_with), in the caller's transaction: the events are written together with the
    /// caller's own rows, or not at all. No snapshot is taken, as the caller may still roll back.
    ///
    /// # Errors
    ///
    /// As [`execute_with`](Self::execute_with); also [`StoreError::IsolationLevel`].
    pub async fn execute_in<Tx, C>(
        &self,
        tx: &mut Tx,
        id: &A::Id,
        command: C,
        options: ExecuteOptions,
    ) -> Result<Executed<A>, ExecuteError<<A as Handle<C>>::Error>>
    where
        Tx: ?Sized + Send,
        S: AppendIn<Tx>,
        A: Handle<C>,
        C: Send + Sync,
    {
        let decide = |state: Arc<A>| ready(state.handle(&command));
        let port = InTransaction { store: &*self.store, tx };
        let options = options.named_after::<C>();
        Run { repository: self, port, options, turn: Turn::none(), in_transaction: true }.go(id, decide).await
    }

    /// Carries out a decision that needs to wait for something outside: `decide` takes the state and may be async.
    ///
    /// It may be called several times: after each conflict, and when it rejects a state from the cache. It should not wait for
    /// another command on the same aggregate, which waits for its turn.
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, Events, MemoryStore, Repository, emit, event};
    /// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
    /// # #[derive(Aggregate, Default)] #[aggregate(name = "account", id = String, events(Deposited))]
    /// # pub struct Account { cents: i64 }
    /// # impl Apply<Deposited> for Account { fn apply(&mut self, e: Deposited) { self.cents += e.cents; } }
    /// # async fn rate() -> Result<i64, std::io::Error> { Ok(3) }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let accounts = Repository::<Account, _>::new(MemoryStore::new());
    /// # let id = String::from("A-17");
    /// let done = accounts
    ///     .decide(&id, async |state| {
    ///         let interest = state.cents * rate().await? / 100;
    ///         emit((interest > 0).then_some(Deposited { cents: interest }))
    ///     })
    ///     .await;
    /// # let done: Result<_, es_core::ExecuteError<std::io::Error>> = done;
    /// assert!(done?.events.is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub async fn decide<F, Fut, E>(&self, id: &A::Id, decide: F) -> Result<Executed<A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        self.decide_with(id, ExecuteOptions::new(), decide).await
    }

    /// As [`decide`](Self::decide), with metadata, a command id, or an expected revision.
    ///
    /// # Errors
    ///
    /// As [`execute_with`](Self::execute_with).
    pub async fn decide_with<F, Fut, E>(
        &self,
        id: &A::Id,
        options: ExecuteOptions,
        decide: F,
    ) -> Result<Executed<A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let port = Direct(&*self.store);
        Run { repository: self, port, options, turn: Turn::none(), in_transaction: false }
            .go(id, decide)
            .await
    }
}

impl ExecuteOptions {
    /// Calls the command by its type, without the path, unless the caller has named it.
    fn named_after<C>(mut self) -> Self {
        let name = std::any::type_name::<C>();
        let path = name.split('<').next().unwrap_or(name);
        self.command_name.get_or_insert(path.rsplit("::").next().unwrap_or(path).into());
        self
    }
}

/// One command on its way.
struct Run<'a, A, S, P> {
    repository: &'a Repository<A, S>,
    port: P,
    options: ExecuteOptions,
    turn: Turn<A>,
    /// The caller may still roll back, so no snapshot is taken; and after an error the transaction is lost, so nothing
    /// is tried again in it.
    in_transaction: bool,
}

impl<A: Aggregate, S: EventStore + 'static, P: Port> Run<'_, A, S, P> {
    async fn go<F, Fut, E>(mut self, id: &A::Id, decide: F) -> Result<Executed<A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let stream = StreamId::new(A::NAME, id.to_key())?;
        let span = tracing::debug_span!("command", stream = %stream, command_id = tracing::field::Empty);
        if let Some(command) = self.options.command {
            span.record("command_id", tracing::field::display(command.id));
        }
        async move {
            let retry = self.repository.retry;
            let mut repeated = 0;
            if !self.in_transaction {
                self.turn = self.repository.cache.turn(stream.key()).await;
            }
            let mut start = match self.turn.take() {
                Some(folded) => Fold::cached(&stream, folded),
                None => Fold::new(&stream),
            };
            loop {
                let failure = match self.attempt(&stream, start, &decide).await? {
                    Attempt::Done(executed) => return Ok(executed),
                    Attempt::Unconfirmed(fold) => {
                        start = fold;
                        continue;
                    }
                    Attempt::Failed(failure) => failure,
                };
                let fixed = self.options.expected.is_some() && matches!(failure, Failure::Conflict { .. });
                if repeated == retry.times || fixed {
                    return Err(failure.into_error(&stream));
                }
                tokio::time::sleep(retry.wait(repeated)).await;
                repeated += 1;
                tracing::debug!(repeated, "deciding again");
                start = failure.into_fold().unwrap_or_else(|| Fold::new(&stream));
            }
        }
        .instrument(span)
        .await
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
        if let (Some(command), Some(outcome)) = (command, fold.command) {
            outcome.check(stream, command)?;
            return Ok(Attempt::Done(self.first_outcome(stream, outcome).await?));
        }
        let expected = fold.revision;
        if let Some(wanted) = self.options.expected
            && wanted != expected
        {
            return Ok(if cached {
                Attempt::Unconfirmed(fold)
            } else {
                Attempt::Failed(Failure::Conflict { expected: wanted, actual: expected, fold: None })
            });
        }

        let state = Arc::new(std::mem::take(&mut fold.state));
        let events = match decide(Arc::clone(&state)).await {
            Ok(events) if !events.is_empty() => events,
            // No append will say whether the state was the newest.
            _ if cached => return Ok(Attempt::Unconfirmed(restored(stream, fold, state))),
            nothing => {
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
        let written = Encoded::new(stream, expected, events, &self.options.metadata)?;

        let name = self.options.command_name.as_deref().unwrap_or("decide");
        let record = command.map(|key| CommandRecord { key, name });
        let append = Append::new(stream, expected, &written.new).head(fold.head).command(record);
        match self.port.append(append).await {
            Ok(AppendOutcome::Appended(appended)) => {
                let head = written.new.last().map(|event| event.id);
                if let Some(state) = Arc::into_inner(state) {
                    let folded =
                        Folded { state, revision: append.last_revision(), head, snapshot: fold.snapshot };
                    self.fold(stream, folded, written.copies);
                }
                let executed = executed(stream, expected, written.events, written.new, &appended)?;
                Ok(Attempt::Done(executed))
            }
            Ok(AppendOutcome::Repeated(outcome)) => {
                Ok(Attempt::Done(self.first_outcome(stream, outcome).await?))
            }
            Ok(AppendOutcome::Conflict { .. }) if cached => {
                Ok(Attempt::Unconfirmed(restored(stream, fold, state)))
            }
            Ok(AppendOutcome::Conflict { actual }) => {
                let fold = Some(restored(stream, fold, state));
                Ok(Attempt::Failed(Failure::Conflict { expected, actual, fold }))
            }
            Ok(AppendOutcome::NotWritten) => {
                let source = "the store left a single append undecided".into();
                Err(StoreError::Backend { source, retryable: false }.into())
            }
            Err(error) => self.unless_final(error),
        }
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

    /// Reads what a command did when it was carried out first.
    async fn first_outcome(
        &mut self,
        stream: &StreamId,
        outcome: CommandOutcome,
    ) -> Result<Executed<A>, StoreError> {
        let shared = Arc::new(stream.clone());
        let last = Revision::new(outcome.first.get() + outcome.count - 1);
        let before = Revision::new(outcome.first.get() - 1);
        let mut events = Vec::new();
        let mut take = |item: LoadItem<'_>| match item {
            LoadItem::Event(raw) => recorded::<A>(&raw, &shared, &mut |event| {
                events.push(event);
                Ok(())
            }),
            LoadItem::Snapshot { .. } => Ok(()),
        };
        self.port.load(Load::all(stream).after(before).up_to(last), &mut take).await?;
        Ok(Executed { events, revision: last, repeated: true })
    }

    /// Folds the new events into the state, and keeps that for the next command; keeps a snapshot of it, if one is due.
    fn fold(&mut self, stream: &StreamId, mut folded: Folded<A>, copies: Vec<A::Event>) {
        let since = folded.revision.get() - folded.snapshot.get();
        let due = A::snapshots().filter(|snapshots| !self.in_transaction && since >= snapshots.every);
        if due.is_none() && !self.turn.keeps() {
            return;
        }
        for event in copies {
            folded.state.apply_event(event);
        }
        if let Some(snapshots) = due {
            let Repository { store, snapshots: writer, .. } = self.repository;
            if writer.write(store, &snapshots, stream.clone(), folded.revision, &folded.state) {
                folded.snapshot = folded.revision;
            }
        }
        self.turn.keep(folded);
    }
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
    Failed(Failure<'a, A>),
}

/// Why an attempt may be repeated.
enum Failure<'a, A> {
    Conflict { expected: Revision, actual: Revision, fold: Option<Fold<'a, A>> },
    Store(StoreError),
}

impl<'a, A> Failure<'a, A> {
    fn into_fold(self) -> Option<Fold<'a, A>> {
        match self {
            Self::Conflict { fold, .. } => fold,
            Self::Store(_) => None,
        }
    }

    fn into_error<E: Error + 'static>(self, stream: &StreamId) -> ExecuteError<E> {
        match self {
            Self::Conflict { expected, actual, .. } => {
                ExecuteError::Conflict { stream: stream.clone(), expected, actual }
            }
            Self::Store(error) => error.into(),
        }
    }
}

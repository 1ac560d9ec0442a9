//! Attempts at a transaction, until one has an outcome.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::Instrument;

use super::super::Repository;
use super::super::stop::Failure;
use super::conclude::{AttemptEnd, Failed, conclude};
use super::open::StateSource;
use super::options::TransactionOptions;
use super::outcome::{Transacted, TransactionError};
use super::parts::{Parts, Request, Streams, Turns};
use super::{Attempt, Transaction, ended};
use crate::model::Aggregate;
use crate::store::EventStore;
use crate::stream::StreamId;

/// How often the command ledger may know a transaction that an attempt could not know.
const OVERTAKEN: u32 = 2;

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// Executes commands on several aggregates, of several types, in one atomic append: all events are
    /// stored, or none. At that moment, every stream that the transaction has read is unchanged since it was
    /// read.
    ///
    /// `body` runs the commands, and may run several times: after each conflict, as this repository's
    /// [`Retry`](crate::Retry) allows, and when states from the cache turn out to be stale. So it should have
    /// no other side effects. A rejection ends it, unless `body` handles it; nothing is written then.
    ///
    /// All repositories must be of one store. States that earlier commands have cached are used, and commands
    /// take turns with the transaction.
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, emit, event};
    /// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
    /// # #[derive(Aggregate, Default)] #[aggregate(name = "account", id = String, events(Deposited))]
    /// # pub struct Account { cents: i64 }
    /// # impl Apply<Deposited> for Account { fn apply(&mut self, e: Deposited) { self.cents += e.cents; } }
    /// # #[derive(Debug, thiserror::Error)] #[error("too little")] pub struct TooLittle;
    /// # pub struct Deposit(i64);
    /// # impl Handle<Deposit> for Account {
    /// #     type Error = TooLittle;
    /// #     fn handle(&self, command: &Deposit) -> Result<Events<Self>, TooLittle> {
    /// #         let cents = command.0;
    /// #         if self.cents + cents < 0 { Err(TooLittle) } else { emit(Deposited { cents }) }
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use es_core::repository::TransactionOptions;
    /// use es_core::uuid::Uuid;
    /// use es_core::Repository;
    ///
    /// let accounts = Repository::<Account, _>::new(MemoryStore::new());
    /// let (from, to) = (String::from("A-17"), String::from("A-18"));
    /// accounts.execute(&from, Deposit(500)).await?;
    /// let options = TransactionOptions::new().command_id(Uuid::now_v7());
    /// let done = accounts
    ///     .transaction(options, async |tx| {
    ///         tx.execute(&accounts, &from, Deposit(-120)).await?;
    ///         tx.execute(&accounts, &to, Deposit(120)).await?;
    ///         Ok(tx.load(&accounts, &from).await?.cents)
    ///     })
    ///     .await?;
    /// assert_eq!((done.value, done.streams.len()), (380, 2));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransactionError::Rejected`] with the reason of a command or of `body`,
    /// [`TransactionError::Conflict`] when retries are exhausted, [`TransactionError::Store`] for everything
    /// else.
    pub async fn transaction<T, F, Fut>(
        &self,
        options: TransactionOptions,
        body: F,
    ) -> Result<Transacted<T>, TransactionError>
    where
        T: Send,
        F: Fn(Transaction<S>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, TransactionError>> + Send,
    {
        let TransactionOptions { metadata, command, name } = options;
        let metadata = metadata.into_stored().map(Arc::new);
        let given =
            Arc::new(Request { metadata, command, name: name.unwrap_or(Cow::Borrowed("transaction")) });
        let span = tracing::debug_span!("transaction", command_id = tracing::field::Empty);
        if let Some(command) = command {
            span.record("command_id", tracing::field::display(command.id));
        }
        let counters = &*self.counters;
        counters.commands.count();
        let done = attempts(self, &given, &body).instrument(span).await;
        match &done {
            Ok(transacted) if transacted.repeated => counters.repeated.count(),
            Ok(_) => {}
            Err(TransactionError::Rejected(_)) => counters.rejected.count(),
            Err(_) => counters.failed.count(),
        }
        done
    }
}

async fn attempts<A, S, T, F, Fut>(
    repository: &Repository<A, S>,
    given: &Arc<Request>,
    body: &F,
) -> Result<Transacted<T>, TransactionError>
where
    A: Aggregate,
    S: EventStore + 'static,
    T: Send,
    F: Fn(Transaction<S>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, TransactionError>> + Send,
{
    let (retry, began) = (repository.retry, Instant::now());
    let (mut repeated, mut overtaken) = (0, 0);
    let (mut start, mut turns) = (StateSource::Kept, Turns::new());
    loop {
        let (parts, result) = attempt(repository, given, body, Parts::new(start, turns)).await?;
        turns = Turns::new();
        let Failed { failure, stream, streams } =
            match conclude(&*repository.store, given, parts, result).await {
                Ok(done) => return Ok(done),
                Err(AttemptEnd::Final(error)) => return Err(error),
                Err(AttemptEnd::Overtaken(stream)) if overtaken == OVERTAKEN => {
                    return Err(given.not_repeated(stream));
                }
                Err(stop @ (AttemptEnd::Overtaken(_) | AttemptEnd::Unconfirmed)) => {
                    overtaken += u32::from(matches!(stop, AttemptEnd::Overtaken(_)));
                    start = StateSource::Read;
                    continue;
                }
                Err(AttemptEnd::Failed(failed)) => *failed,
            };
        let is_last = matches!(failure, Failure::Store(_)) && began.elapsed() >= retry.within;
        if repeated == retry.times || is_last {
            return Err(error(failure, stream));
        }
        let at_once = repeated == 0 && matches!(failure, Failure::Conflict { .. });
        turns = queued(streams, (!at_once).then(|| retry.wait(repeated))).await;
        start = StateSource::Kept;
        repeated += 1;
        repository.counters.retries.count();
        tracing::debug!(repeated, "deciding again");
    }
}

/// What the transaction has come to, and what it says.
async fn attempt<A, S, T, F, Fut>(
    repository: &Repository<A, S>,
    given: &Arc<Request>,
    body: &F,
    parts: Parts,
) -> Result<(Parts, Result<T, TransactionError>), TransactionError>
where
    A: Aggregate,
    S: EventStore + 'static,
    T: Send,
    F: Fn(Transaction<S>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, TransactionError>> + Send,
{
    let (store, given) = (Arc::clone(&repository.store), Arc::clone(given));
    let attempt = Arc::new(Attempt { store, given, parts: Mutex::new(Some(parts)) });
    let result = body(Transaction { attempt: Arc::clone(&attempt) }).await;
    let parts = attempt.parts.lock().await.take().ok_or_else(ended)?;
    Ok((parts, result))
}

/// Releases all turns, and waits for them again in the order of their streams, which excludes deadlocks. So
/// the next attempt does not compete with others of this process.
async fn queued(mut streams: Streams, wait: Option<std::time::Duration>) -> Turns {
    streams.values_mut().for_each(|part| part.release());
    if let Some(wait) = wait {
        tokio::time::sleep(wait).await;
    }
    let mut turns = Turns::new();
    for (stream, part) in &streams {
        turns.insert(stream.clone(), part.queue(stream.key()).await);
    }
    turns
}

fn error(failure: Failure, stream: Option<StreamId>) -> TransactionError {
    match (failure, stream) {
        (Failure::Conflict { expected, actual }, Some(stream)) => {
            TransactionError::Conflict { stream, expected, actual }
        }
        (Failure::Store(error), _) => error.into(),
        (Failure::Conflict { .. }, None) => ended().into(),
    }
}

//! Commands on several aggregates in one atomic append.
//!
//! An attempt gathers the streams that the transaction reads and writes (`parts`, each a `part`), and appends
//! to all of them at once, with conditions on those that were only read (`conclude`). After a conflict it is
//! made again (`run`).

mod conclude;
mod open;
mod options;
mod outcome;
mod part;
mod parts;
mod run;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Mutex;

pub use self::options::TransactionOptions;
pub use self::outcome::{Planned, Transacted, TransactionError};

use self::part::Differs;
use self::parts::{FailureCause, Parts, Request, failed_transaction};
use super::Repository;
use crate::error::{ExecuteError, StoreError};
use crate::model::{Aggregate, Handle};
use crate::store::EventStore;
use crate::stream::IdRef;

/// One attempt at a [transaction](Repository::transaction): what it executes and reads, and what is written
/// if it succeeds.
pub struct Transaction<S> {
    attempt: Arc<Attempt<S>>,
}

/// What the transaction and its runner share.
struct Attempt<S> {
    store: Arc<S>,
    given: Arc<Request>,
    /// None once the transaction has ended.
    parts: Mutex<Option<Parts>>,
}

impl<S: EventStore + 'static> Transaction<S> {
    /// Executes a command on the state after everything that the transaction has done so far. Nothing is
    /// written yet.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] with the domain's reason, [`ExecuteError::Store`] for everything else, for
    /// example an event that could not be [read back](StoreError::NotReadable) or
    /// [applied](StoreError::NotApplicable). After an error of the store the transaction has failed, whatever
    /// it does next.
    pub async fn execute<A, C>(
        &self,
        repository: &Repository<A, S>,
        id: impl IdRef<A::Id>,
        command: C,
    ) -> Result<Planned<A>, ExecuteError<<A as Handle<C>>::Error>>
    where
        A: Handle<C>,
        C: Send + Sync,
    {
        let Attempt { store, given, parts } = &*self.attempt;
        let mut open = parts.lock().await;
        let parts = open.as_mut().ok_or_else(ended)?;
        let stream = repository.stream_id(id)?;
        let done = match parts.of(repository, store, &stream, given).await {
            Ok(part) => match &given.metadata {
                Some(metadata) => part.execute(&stream, &command, metadata).await,
                None => Err(StoreError::TimeOutOfRange { stream: stream.clone() }.into()),
            },
            Err(error) => Err(error.into()),
        };
        match done {
            Ok(Ok(planned)) => Ok(planned),
            Ok(Err(Differs)) => {
                parts.failure_cause = Some(FailureCause::Differs(stream));
                Err(failed_transaction().into())
            }
            Err(ExecuteError::Rejected(reason)) => Err(ExecuteError::Rejected(reason)),
            Err(error) => {
                parts.failure_cause.get_or_insert(FailureCause::Store);
                Err(error)
            }
        }
    }

    /// The state after everything that the transaction has done so far. The transaction is written only if no
    /// other program has changed the aggregate.
    ///
    /// # Errors
    ///
    /// [`StoreError`], after which the transaction has failed, whatever it does next.
    pub async fn load<A: Aggregate>(
        &self,
        repository: &Repository<A, S>,
        id: impl IdRef<A::Id>,
    ) -> Result<Arc<A>, StoreError> {
        let Attempt { store, given, parts } = &*self.attempt;
        let mut open = parts.lock().await;
        let parts = open.as_mut().ok_or_else(ended)?;
        let stream = repository.stream_id(id)?;
        let loaded = match parts.of(repository, store, &stream, given).await {
            Ok(part) => part.state(&stream).await,
            Err(error) => Err(error),
        };
        if loaded.is_err() {
            parts.failure_cause.get_or_insert(FailureCause::Store);
        }
        loaded
    }
}

impl<S> fmt::Debug for Transaction<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("command", &self.attempt.given.command).finish_non_exhaustive()
    }
}

/// The error of a transaction that is used after its end.
fn ended() -> StoreError {
    let source = "the transaction has ended; use it within the function that it was passed to".into();
    StoreError::Backend { source, retryable: false }
}

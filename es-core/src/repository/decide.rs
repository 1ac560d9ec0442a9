//! The ways to execute a command.

use std::error::Error;
use std::future::{Future, ready};
use std::sync::Arc;

use super::attempt::Run;
use super::port::{Direct, InTransaction};
use super::written::Executed;
use super::{ExecuteOptions, Repository};
use crate::error::ExecuteError;
use crate::model::{Aggregate, Events, Handle};
use crate::store::{AppendIn, EventStore};
use crate::stream::IdRef;

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// Executes a command: loads the state, decides with [`Handle::handle`], appends the events with
    /// optimistic concurrency.
    ///
    /// If an earlier command has left a state in the [cache](Self::with_cache), it is decided on at once: the
    /// command then takes one round trip. That state may be older than the stream, as other programs write as
    /// well; so an append is refused unless nothing came after it, and a rejection, or a decision without
    /// events, is made again on the fresh state before it is reported.
    ///
    /// After a conflict the decision is made again on the fresh state, as often as [`Retry`](super::Retry)
    /// allows. Commands on one aggregate take turns within this repository, so only other programs cause
    /// conflicts.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Rejected`] with the domain's reason, [`ExecuteError::Conflict`] when retries are
    /// exhausted, [`ExecuteError::Store`] for everything else.
    pub async fn execute<C>(
        &self,
        id: impl IdRef<A::Id>,
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
        id: impl IdRef<A::Id>,
        command: C,
        options: ExecuteOptions,
    ) -> Result<Executed<A>, ExecuteError<<A as Handle<C>>::Error>>
    where
        A: Handle<C>,
        C: Send + Sync,
    {
        self.decide_with(id, options.named_after::<C>(), |state: Arc<A>| ready(state.handle(&command))).await
    }

    /// As [`execute_with`](Self::execute_with), in the caller's transaction: the events are written together
    /// with the caller's own rows, or not at all. No snapshot is taken, as the caller may still roll back.
    ///
    /// # Errors
    ///
    /// As [`execute_with`](Self::execute_with); also
    /// [`StoreError::IsolationLevel`](crate::StoreError::IsolationLevel), and
    /// [`StoreError::NoTransaction`](crate::StoreError::NoTransaction) if no transaction is open.
    pub async fn execute_in<Tx, C>(
        &self,
        tx: &mut Tx,
        id: impl IdRef<A::Id>,
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
        Run::in_transaction(self, port, options).execute(self.stream_id(id)?, decide).await
    }

    /// Executes a decision that awaits something outside: `decide` receives the state and may be async.
    ///
    /// It may be called several times: after each conflict, and when it rejects a state from the cache. It
    /// should not wait for another command on the same aggregate, which would wait for its turn.
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, Events, MemoryStore, Repository, emit, event};
    /// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
    /// # #[derive(Aggregate, Default)] #[aggregate(name = "account", id = String, events(Deposited))]
    /// # pub struct Account { cents: i64 }
    /// # impl Apply<Deposited> for Account { fn apply(&mut self, e: Deposited) { self.cents += e.cents; } }
    /// # async fn rate() -> Result<i64, std::io::Error> { Ok(3) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
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
    pub async fn decide<F, Fut, E>(
        &self,
        id: impl IdRef<A::Id>,
        decide: F,
    ) -> Result<Executed<A>, ExecuteError<E>>
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
        id: impl IdRef<A::Id>,
        options: ExecuteOptions,
        decide: F,
    ) -> Result<Executed<A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        Run::new(self, Direct(&*self.store), options).execute(self.stream_id(id)?, decide).await
    }
}

impl ExecuteOptions {
    /// Names the command after its type, without the path, unless the caller has named it.
    fn named_after<C>(mut self) -> Self {
        let name = std::any::type_name::<C>();
        let path = name.split('<').next().unwrap_or(name);
        self.command_name.get_or_insert(path.rsplit("::").next().unwrap_or(path).into());
        self
    }
}

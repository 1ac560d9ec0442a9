//! Running a reactor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Effects;
use super::on_model::OnModel;
use crate::memory::MemoryStore;
use crate::projection::{
    DeadLetter, MemoryTarget, OnFailure, Projection, ProjectionStatus, Projector, ProjectorError, Retried,
    Retrying, Start, Target,
};
use crate::store::{EventStore, ReadAll};
use crate::stream::{Position, StreamId};

/// A store that can keep the checkpoints of reactors beside its events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store the checkpoints of reactors",
    label = "no `CheckpointStore`",
    note = "use `ReactorRunner::with_target` to store them elsewhere"
)]
pub trait CheckpointStore: ReadAll + Clone + 'static {
    /// The type of the models that the target stores as well.
    type Model: Send + 'static;

    /// Where the checkpoints are kept.
    type Target<P: Projection<Model = Self::Model>>: Target<P>;

    /// The target beside the events.
    fn checkpoint_target<P: Projection<Model = Self::Model>>(&self) -> Self::Target<P>;

    /// The same for events that are in another store. Defaults to
    /// [`checkpoint_target`](Self::checkpoint_target), for targets that work with events of any store.
    fn checkpoint_target_elsewhere<P: Projection<Model = Self::Model>>(&self) -> Self::Target<P> {
        self.checkpoint_target()
    }
}

impl CheckpointStore for MemoryStore {
    type Model = ();
    type Target<P: Projection<Model = ()>> = MemoryTarget<()>;

    fn checkpoint_target<P: Projection<Model = ()>>(&self) -> MemoryTarget<()> {
        self.beside()
    }
}

/// Runs a reactor: reads the events of a store, and calls it for each, at least once and in the order of each
/// stream.
///
/// Any number of programs may run the same reactor. One of them at a time works on a partition: it holds a
/// lease, by the clock of the database that stores the checkpoint, and renews it while it works. If it is
/// suspended for longer than the lease, another one takes over, and the older one stops: it can no longer
/// move the checkpoint.
#[must_use = "nothing is done before `run` or `catch_up`"]
pub struct ReactorRunner<E, S, T, M = ()> {
    projector: Projector<OnModel<E, M>, S, T>,
}

impl<E: Effects, S: CheckpointStore> ReactorRunner<E, S, S::Target<OnModel<E, S::Model>>, S::Model> {
    /// Reads this store, and keeps the checkpoints beside its events.
    pub fn new(store: S, reactor: E) -> Self {
        let target = store.checkpoint_target();
        Self::with_target(store, reactor, target)
    }
}

impl<E, S, T, M> ReactorRunner<E, S, T, M> {
    /// Reads this store, and keeps the checkpoints in a target.
    pub fn with_target(source: S, reactor: E, target: T) -> Self {
        Self { projector: Projector::with_target(source, OnModel::new(reactor), target) }
    }

    /// The reactor that it runs.
    #[must_use]
    pub fn reactor(&self) -> Arc<E> {
        self.projector.projection().effects()
    }

    /// The duration of a worker's lease of a partition. Defaults to 30 seconds. The lease is renewed while
    /// the worker works, so a reaction may take longer. If a worker dies, another one takes over after this
    /// time at the latest.
    pub fn lease(mut self, lasts: Duration) -> Self {
        self.projector = self.projector.lease(lasts);
        self
    }

    /// See [`Projector::partitions`].
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.projector = self.projector.partitions(partitions);
        self
    }

    /// Where the first checkpoint is. Defaults to [`Start::Beginning`]. A reactor that has a checkpoint
    /// resumes there, whatever this setting, so it can stay in the program. See
    /// [`rewind_to`](Self::rewind_to).
    pub fn start(mut self, start: Start) -> Self {
        self.projector = self.projector.start(start);
        self
    }

    /// The maximum number of events that are read at a time. Defaults to 4,000. A reactor's checkpoint moves
    /// after half a second at the latest, or after a single event that takes longer: those events are
    /// repeated after a crash.
    pub fn page_size(mut self, most: usize) -> Self {
        self.projector = self.projector.page_size(most);
        self
    }

    /// See [`Projector::poll_every`].
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.projector = self.projector.poll_every(interval);
        self
    }

    /// See [`Projector::on_failure`].
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.projector = self.projector.on_failure(on_failure);
        self
    }

    /// Retries a failing event up to `retries` times with exponential backoff, starting at `first_wait`, up
    /// to 30 seconds, each wait reduced at random, down to half. Defaults to 0; `u32::MAX` retries forever.
    /// Later events of its partition wait.
    pub fn retries(mut self, retries: u32, first_wait: Duration) -> Self {
        self.projector = self.projector.retries(retries, first_wait);
        self
    }

    /// See [`Projector::owner`].
    pub fn owner(mut self, name: &str) -> Self {
        self.projector = self.projector.owner(name);
        self
    }

    /// See [`Projector::retrying`].
    #[must_use]
    pub fn retrying(&self) -> Option<Retrying> {
        self.projector.retrying()
    }
}

impl<E: Effects, S, T, M> ReactorRunner<E, S, T, M>
where
    S: ReadAll + Clone + 'static,
    T: Target<OnModel<E, M>>,
    M: Send + 'static,
{
    /// Reacts to all events, and then to new ones as they are appended, until an error. Returns `Ok` once the
    /// store is closed. Dropping the future drops the current reaction; the next run repeats it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; the status shows the reason as well.
    pub async fn run(&self) -> Result<(), ProjectorError> {
        self.projector.run().await
    }

    /// As [`run`](Self::run), with a graceful shutdown: once `stop` resolves, it completes the current
    /// reaction, moves the checkpoint, and releases its leases, so that other workers need not wait.
    ///
    /// ```
    /// # use es_core::reactor::{React, Reactor, ReactorRunner};
    /// # use es_core::record::BoxError;
    /// # use es_core::{MemoryStore, Recorded, event};
    /// # #[event(name = "account.opened")] pub struct Opened {}
    /// # #[derive(Reactor)]
    /// # #[reactor(name = "welcome-mail", events(Opened))]
    /// # struct WelcomeMail;
    /// # impl React<Opened> for WelcomeMail {
    /// #     async fn react(&self, _: &Recorded<Opened>) -> Result<(), BoxError> { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = MemoryStore::new();
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let runner = ReactorRunner::new(store, WelcomeMail);
    /// let running = tokio::spawn(async move { runner.run_until(async { drop(stopped.await) }).await });
    /// drop(stop);
    /// running.await??;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(&self, stop: impl Future<Output = ()> + Send) -> Result<(), ProjectorError> {
        self.projector.run_until(stop).await
    }

    /// Sets up the checkpoints, unless they exist. [`run`](Self::run) and [`catch_up`](Self::catch_up) begin
    /// with it; calling it before determines the moment of [`Start::Now`].
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the target;
    /// [`StoreError::ForeignCheckpoint`](crate::StoreError::ForeignCheckpoint) for a [`Start::After`] that is
    /// not a checkpoint of the store.
    pub async fn prepare(&self) -> Result<(), ProjectorError> {
        self.projector.prepare().await
    }

    /// Reacts to all events that can be read now.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`], including that of a lost connection.
    pub async fn catch_up(&self) -> Result<(), ProjectorError> {
        self.projector.catch_up().await
    }

    /// Rewinds: **everything that the reactor did for events after `start` is done again.** Mail is sent
    /// twice, unless the receiver deduplicates by event id. For repairs that need this; rebuilding
    /// projections never does it.
    ///
    /// No worker may run: stop all of them first.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Leased`] while a worker has a lease, [`ProjectorError::Letters`] if there are dead
    /// letters, [`ProjectorError::NotBack`] for a start after the checkpoint. Nothing has moved then.
    /// [`StoreError::ForeignCheckpoint`](crate::StoreError::ForeignCheckpoint) for a [`Start::After`] that is
    /// not a checkpoint of the store.
    pub async fn rewind_to(&self, start: Start) -> Result<(), ProjectorError> {
        self.projector.rewind(start).await
    }

    /// Its progress, whichever program runs it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`] before its first run.
    pub async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        self.projector.status().await
    }

    /// See [`Projector::dead_letters`].
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the target.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.projector.dead_letters().await
    }

    /// See [`Projector::dead_letters_after`].
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the target.
    pub async fn dead_letters_after(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.projector.dead_letters_after(after, limit).await
    }

    /// Discards one dead letter: nothing reacts to its event. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the target.
    pub async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        self.projector.discard(letter).await
    }

    /// Retries the dead letters of a stream, in their order, up to the first that fails. See
    /// [`Projector::retry`].
    ///
    /// # Errors
    ///
    /// [`ProjectorError`], as [`Projector::retry`].
    pub async fn retry(&self, stream: &StreamId) -> Result<Retried, ProjectorError>
    where
        S: EventStore,
    {
        self.projector.retry(stream).await
    }

    /// Divides the reactor into another number of partitions. See [`Projector::repartition`].
    ///
    /// # Errors
    ///
    /// [`ProjectorError::PartitionsUneven`], [`ProjectorError::NotSetUp`].
    pub async fn repartition(&self, partitions: u32) -> Result<(), ProjectorError> {
        self.projector.repartition(partitions).await
    }
}

impl<E, S: Clone, T: Clone, M> Clone for ReactorRunner<E, S, T, M> {
    fn clone(&self) -> Self {
        Self { projector: self.projector.clone() }
    }
}

impl<E: Effects, S, T, M: Send + 'static> fmt::Debug for ReactorRunner<E, S, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReactorRunner").field("reactor", &E::NAME).finish_non_exhaustive()
    }
}

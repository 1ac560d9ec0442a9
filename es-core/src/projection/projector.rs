//! Running a projection.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::error::ProjectorError;
use super::runner::retrying::{Board, Retrying, Tries};
use super::runner::stop::StopSignal;
use super::runner::worker::{Ends, HELD_PAGE_WAIT, Worker};
use super::settings::{RunnerOptions, Start};
use super::target::{ModelStore, Setting, Target};
use super::{Partition, Projection};
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{AllQuery, Checkpoint, Filter, ReadAll, Rest};

/// Runs a projection: reads the events of a store, the source, and applies each to the read model of a
/// [`Target`] exactly once.
///
/// [`Projector::new`] keeps the model beside the events, [`into_target`](Self::into_target) elsewhere. Any
/// number of programs may run the same projection on one target. One of them works; the others wait and take
/// over if it stops.
#[must_use = "nothing is projected before `run` or `catch_up`"]
pub struct Projector<P, S, T> {
    pub(super) source: S,
    pub(super) projection: Arc<P>,
    pub(super) target: T,
    pub(super) options: RunnerOptions,
    /// Shared with its clones.
    retrying: Arc<Board>,
}

impl<P, S: Clone, T: Clone> Clone for Projector<P, S, T> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            projection: Arc::clone(&self.projection),
            target: self.target.clone(),
            options: self.options.clone(),
            retrying: Arc::clone(&self.retrying),
        }
    }
}

impl<P: Projection, S: ModelStore<P>> Projector<P, S, S::Target> {
    /// Reads this store, and keeps the model beside its events.
    pub fn new(store: S, projection: P) -> Self {
        let target = store.model_target();
        Self::with_target(store, projection, target)
    }
}

impl<P, S, T> Projector<P, S, T> {
    /// Reads this store, and keeps the model in a target.
    pub fn with_target(source: S, projection: P, target: T) -> Self {
        let projection = Arc::new(projection);
        Self { source, projection, target, options: RunnerOptions::new(), retrying: Arc::default() }
    }

    /// The same with another target, such as another database than the events'.
    pub fn into_target<U: Target<P>>(self, target: U) -> Projector<P, S, U>
    where
        P: Projection,
    {
        let Self { source, projection, options, retrying, target: _ } = self;
        Projector { source, projection, target, options, retrying }
    }

    /// The store that it reads.
    pub const fn source(&self) -> &S {
        &self.source
    }

    /// The target in which it keeps the model.
    pub const fn model_target(&self) -> &T {
        &self.target
    }

    /// The projection.
    #[must_use]
    pub fn projection(&self) -> Arc<P> {
        Arc::clone(&self.projection)
    }

    /// What this projector, or a clone of it, is retrying in this program: a server is away, or there is
    /// another transient failure. Of several partitions, the one that has been failing for the longest time.
    /// `None` if nothing is failing.
    ///
    /// The [`status`](Self::status) covers what other programs run, as far as the target can be reached. The
    /// log has it at level `WARN` on the first failure, and then once a minute.
    ///
    /// ```
    /// # use es_core::projection::Projector;
    /// fn report<P, S, T>(projector: &Projector<P, S, T>) {
    ///     if let Some(retrying) = projector.retrying() {
    ///         println!("failing since {}, {} times: {}", retrying.since, retrying.tries, retrying.error);
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn retrying(&self) -> Option<Retrying> {
        self.retrying.oldest()
    }
}

impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Projector<P, S, T> {
    /// Projects all events, and then new ones as they are appended, until an error. Returns `Ok` once the
    /// store is closed. Dropping the future is safe: the current batch is rolled back.
    ///
    /// A lost connection or a transient error of a handler, such as a deadlock, does not end it: both are
    /// retried until they succeed. See [`retrying`](Self::retrying).
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; the status shows the reason as well.
    pub async fn run(&self) -> Result<(), ProjectorError> {
        self.run_with(&StopSignal::default()).await
    }

    /// As [`run`](Self::run), with a graceful shutdown: once `stop` resolves, it completes the current work.
    pub(crate) async fn run_until(
        &self,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ProjectorError> {
        let (ask, stopping) = StopSignal::new();
        let mut run = pin!(self.run_with(&stopping));
        tokio::select! {
            done = &mut run => return done,
            () = stop => {}
        }
        ask.send_replace(true);
        run.await
    }

    async fn run_with(&self, stop: &StopSignal) -> Result<(), ProjectorError> {
        match self.work(Ends::Never, stop).await {
            Err(ProjectorError::Store(StoreError::Closed)) => Ok(()),
            done => done,
        }
    }

    /// Projects all events that can be read now.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`], including that of a lost connection. Transient errors of handlers are retried for
    /// as long as [`Target::patience`]; the error is retryable then.
    pub async fn catch_up(&self) -> Result<(), ProjectorError> {
        self.work(Ends::CaughtUp, &StopSignal::default()).await
    }

    /// Creates the model and the checkpoints, unless they exist.
    pub(super) async fn set_up(&self) -> Result<(), ProjectorError> {
        let RunnerOptions { partitions, publish, .. } = self.options;
        let start = self.first_checkpoint().await?;
        let first = self.first_event().await?;
        self.target.prepare(&self.projection, Setting { partitions, publish, start, first }).await
    }

    /// The first event of the source.
    async fn first_event(&self) -> Result<Checkpoint, StoreError> {
        let mut first = Checkpoint::START;
        let mut take = |raw: RawEvent<'_>| {
            first = Checkpoint::behind(raw.position, raw.event_id);
            Ok(())
        };
        let all = Filter::new();
        self.source.read_all(AllQuery::after(Checkpoint::START, &all).limit(1), &mut take).await?;
        Ok(first)
    }

    /// Where new checkpoints start.
    async fn first_checkpoint(&self) -> Result<Checkpoint, ProjectorError> {
        if self.options.start == Start::Beginning {
            return Ok(Checkpoint::START);
        }
        match self.target.checkpoint(Partition::new(0, self.options.partitions)).await {
            Err(ProjectorError::NotSetUp { .. }) => self.resolve(self.options.start).await,
            // Nothing is created, or it returns why not.
            _ => Ok(Checkpoint::START),
        }
    }

    /// The checkpoint of the source for a start.
    pub(super) async fn resolve(&self, start: Start) -> Result<Checkpoint, ProjectorError> {
        match start {
            Start::Beginning => Ok(Checkpoint::START),
            Start::Now => self.now().await,
            Start::After(checkpoint) => {
                let all = Filter::new();
                let look = AllQuery::after(checkpoint, &all).limit(1);
                self.source.read_all(look, &mut |_: RawEvent<'_>| Ok(())).await?;
                Ok(checkpoint)
            }
        }
    }

    /// After all that was committed before. A new reader can read nothing while an append is pending, as it
    /// does not know yet where that one's events will be: it waits for the append to end.
    async fn now(&self) -> Result<Checkpoint, ProjectorError> {
        let (first, began, all) = (self.source.end().await?, Instant::now(), Filter::new());
        let mut head = first;
        while head == first {
            let look = AllQuery::after(head, &all).limit(1);
            let page = self.source.read_all(look, &mut |_: RawEvent<'_>| Ok(())).await?;
            if page.rest == Rest::Nothing && page.checkpoint == head {
                break;
            }
            if began.elapsed() >= self.target.patience() {
                let source =
                    "an append has been pending for too long to determine the current end of the store"
                        .into();
                return Err(StoreError::Backend { source, retryable: true }.into());
            }
            sleep(HELD_PAGE_WAIT).await;
            head = self.source.end().await?;
        }
        Ok(head)
    }

    async fn work(&self, ends: Ends, stop: &StopSignal) -> Result<(), ProjectorError> {
        let mut tries = Tries::new(&self.retrying, P::NAME, 0);
        while let Err(error) = self.set_up().await {
            if !(ends == Ends::Never && error.is_retryable()) {
                return Err(error);
            }
            let mut stop = stop.clone();
            tokio::select! {
                () = sleep(tries.failed(&error)) => {}
                () = stop.asked_while_idle() => return Ok(()),
            }
        }
        drop(tries);
        if self.options.partitions == 1 {
            return Box::pin(self.worker(Partition::ALL).until(stop).run(ends)).await;
        }
        let mut workers = JoinSet::new();
        for index in 0..self.options.partitions {
            let worker = self.worker(Partition::new(index, self.options.partitions)).until(stop);
            workers.spawn(worker.run(ends));
        }
        while let Some(done) = workers.join_next().await {
            let failed = |panic| StoreError::Backend { source: Box::new(panic), retryable: false };
            done.map_err(failed)??;
        }
        Ok(())
    }

    fn worker(&self, partition: Partition) -> Worker<P, S, T> {
        let (source, projection) = (self.source.clone(), Arc::clone(&self.projection));
        Worker::new(source, projection, self.target.clone(), self.options.clone(), &self.retrying, partition)
    }
}

impl<P: Projection, S, T> fmt::Debug for Projector<P, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projector")
            .field("projection", &P::NAME)
            .field("build", &P::BUILD)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

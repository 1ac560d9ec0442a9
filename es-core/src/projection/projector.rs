//! A projection that is run.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::error::ProjectorError;
use super::runner::retrying::{Board, Retrying, Tries};
use super::runner::stop::Stop;
use super::runner::worker::{Ends, HELD, Worker};
use super::settings::{Options, Start};
use super::target::{ModelStore, Setting, Target};
use super::{Partition, Projection};
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{AllQuery, Checkpoint, Filter, ReadAll, Rest};

/// Runs a projection: reads the events of a store, the source, and takes each into the read model of a
/// [`Target`] exactly once.
///
/// [`Projector::new`] puts the model beside the events, [`into_target`](Self::into_target) elsewhere. Any
/// number of programs may run the same projection on one target. One of them works; the others wait until it
/// stands still.
#[must_use = "nothing is projected before `run` or `catch_up`"]
pub struct Projector<P, S, T> {
    pub(super) source: S,
    pub(super) projection: Arc<P>,
    pub(super) target: T,
    pub(super) options: Options,
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
        Self { source, projection, target, options: Options::new(), retrying: Arc::default() }
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

    /// Where it keeps the model.
    pub const fn model_target(&self) -> &T {
        &self.target
    }

    /// The projection.
    #[must_use]
    pub fn projection(&self) -> Arc<P> {
        Arc::clone(&self.projection)
    }

    /// What this projector, or a clone of it, tries again in this program: a server is away, or something
    /// else that passes holds it up. Of several partitions, the one that has been failing for the longest
    /// time. `None` while all goes well.
    ///
    /// The [`status`](Self::status) has what other programs run, as far as the target can be reached. A log
    /// tells of it with level `WARN` at the first failure, and then once a minute.
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
    /// Projects all events, and then each that comes, until it fails; `Ok` once the store was closed.
    /// Dropping the future is an orderly end: a batch that is under way is undone.
    ///
    /// A lost connection is no failure, nor is what passes in handlers, such as a deadlock: it is tried again
    /// until it succeeds. See [`retrying`](Self::retrying).
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; the status has the reason as well.
    pub async fn run(&self) -> Result<(), ProjectorError> {
        self.run_with(&Stop::default()).await
    }

    /// The same, to an orderly end once `stop` is there: what has begun is completed.
    pub(crate) async fn run_until(
        &self,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ProjectorError> {
        let (ask, stopping) = Stop::new();
        let mut run = pin!(self.run_with(&stopping));
        tokio::select! {
            done = &mut run => return done,
            () = stop => {}
        }
        ask.send_replace(true);
        run.await
    }

    async fn run_with(&self, stop: &Stop) -> Result<(), ProjectorError> {
        match self.work(Ends::Never, stop).await {
            Err(ProjectorError::Store(StoreError::Closed)) => Ok(()),
            done => done,
        }
    }

    /// Projects all events that can be read now.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`], of a lost connection as well. What passes in handlers is waited for as long as
    /// [`Target::patience`] says; the error is retryable then.
    pub async fn catch_up(&self) -> Result<(), ProjectorError> {
        self.work(Ends::CaughtUp, &Stop::default()).await
    }

    /// Makes the model and the checkpoints, unless they are there.
    pub(super) async fn set_up(&self) -> Result<(), ProjectorError> {
        let Options { partitions, publish, .. } = self.options;
        let start = self.first_checkpoint().await?;
        let first = if self.target.knows_events() { Checkpoint::START } else { self.first_event().await? };
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

    /// Where checkpoints are that are not there yet.
    async fn first_checkpoint(&self) -> Result<Checkpoint, ProjectorError> {
        if self.options.start == Start::Beginning {
            return Ok(Checkpoint::START);
        }
        match self.target.checkpoint(Partition::new(0, self.options.partitions)).await {
            Err(ProjectorError::NotSetUp { .. }) => self.resolve(self.options.start).await,
            // Nothing is made, or it says why not.
            _ => Ok(Checkpoint::START),
        }
    }

    /// The checkpoint of the source that a start is.
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

    /// After all that was committed before. A reader that has just begun can read nothing while an append is
    /// under way, as it does not know yet where that one's events will be: its end is waited for.
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
                let source = "an append has been under way for so long that nobody knows where now is".into();
                return Err(StoreError::Backend { source, retryable: true }.into());
            }
            sleep(HELD).await;
            head = self.source.end().await?;
        }
        Ok(head)
    }

    async fn work(&self, ends: Ends, stop: &Stop) -> Result<(), ProjectorError> {
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

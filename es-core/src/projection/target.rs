//! What a runner needs of the place in which a read model and its checkpoint are kept.

use std::error::Error;
use std::time::Duration;

use super::batch::Batch;
use super::cause::Cause;
use super::error::ProjectorError;
use super::lease::{Claim, Claimed};
use super::letters::DeadLetter;
use super::status::ProjectionStatus;
use super::{Partition, Projection};
use crate::store::{Checkpoint, ReadAll};
use crate::stream::Position;

/// Where a read model and its checkpoint are kept: a database, or memory. For authors of targets;
/// [`Projector`](super::Projector) is the runner on it.
///
/// # Contract
///
/// 1. A [batch](Batch) takes effect as a whole or not at all: model, checkpoint and dead letters. A batch, or
///    a session, that is dropped is undone.
/// 2. A batch begins only if the checkpoint of its partition is where the batch expects it, and no other
///    batch of that partition begins until it ends. A checkpoint is a position and the id of the event at it.
///    If the batch has an [epoch](Step::epoch) (a fencing token), it begins only if no [lease](Self::claim)
///    of a later epoch was granted.
/// 3. Each build of a projection has its own model, checkpoints and dead letters. Readers see one build,
///    which changes only by [`publish`](Self::publish), and never to one that is behind; the first that is
///    set up is visible at once.
/// 4. A handler's writes are visible to nobody else before its batch has ended.
///
/// An error of its own, which no other target knows, is returned as [`ProjectorError::Target`].
pub trait Target<P: Projection>: Clone + Send + Sync + 'static {
    /// What a worker keeps between batches, such as a connection. Dropped when a batch on it failed.
    type Session: Send;

    /// One batch.
    type Batch: Batch<P, Session = Self::Session>;

    /// What observes a session while it works; `()` if nothing does.
    type Watch: Send;

    /// What was observed; `()` if there is nothing to observe.
    type Seen: Send;

    /// Sets up the model, the checkpoints and everything else it keeps of a projection, unless they exist,
    /// and shows them to readers if they see no other build. New checkpoints start where the setting says;
    /// existing ones are unchanged.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; nothing was created then. [`ProjectorError::PartitionsDiffer`] if the number
    /// differs. A target may refuse a projection that is built from another source.
    fn prepare(
        &self,
        projection: &P,
        setting: Setting,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// The checkpoint of a partition, and whether readers see this build or a later one.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`]; [`ProjectorError::PartitionsDiffer`] if the number differs.
    fn checkpoint(
        &self,
        partition: Partition,
    ) -> impl Future<Output = Result<(Checkpoint, bool), ProjectorError>> + Send;

    /// A session for batches. Opened before the page that it is for is read.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn session(&self) -> impl Future<Output = Result<Self::Session, ProjectorError>> + Send;

    /// Begins a batch.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; a closed fence is not an error.
    fn begin(
        &self,
        session: Self::Session,
        step: &Step<'_>,
    ) -> impl Future<Output = Result<Begun<Self::Batch, Self::Session>, ProjectorError>> + Send;

    /// Begins a batch for dead letters: it moves no checkpoint, and no other batch of the projection begins
    /// until it ends.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn begin_letters(
        &self,
        session: Self::Session,
    ) -> impl Future<Output = Result<Self::Batch, ProjectorError>> + Send;

    /// The observer of a session that begins to work.
    fn watch(&self, session: &Self::Session) -> Self::Watch;

    /// Polls a session's work for as long as the target is busy with it. What was observed is passed to
    /// [`explain`](Self::explain).
    fn watched<T: Send>(
        &self,
        watch: Self::Watch,
        work: impl Future<Output = Result<T, ProjectorError>> + Send + Unpin,
    ) -> impl Future<Output = (Result<T, ProjectorError>, Self::Seen)> + Send;

    /// An error of that work, with what was observed.
    fn explain(
        &self,
        error: ProjectorError,
        seen: Self::Seen,
        doing: impl FnOnce() -> String,
    ) -> ProjectorError {
        drop((seen, doing));
        error
    }

    /// Claims a partition for the [effects](super::Work::Effects) of one worker, or renews its lease, by the
    /// target's own clock. Until the lease expires no other worker gets one; from then on any worker can.
    ///
    /// Defaults to an error, for a target that only keeps models.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; [`ProjectorError::NotSetUp`], [`ProjectorError::PartitionsDiffer`] as of
    /// [`checkpoint`](Self::checkpoint).
    fn claim(
        &self,
        partition: Partition,
        claim: &Claim<'_>,
    ) -> impl Future<Output = Result<Claimed, ProjectorError>> + Send {
        let _ = (partition, claim);
        std::future::ready(Err(ProjectorError::Target(
            "this target does not support leases; run reactors on another target".into(),
        )))
    }

    /// Ends the lease of an epoch, if it is still the newest, so that another worker need not wait for it to
    /// expire. Defaults to nothing.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; the lease expires by itself.
    fn release(
        &self,
        partition: Partition,
        epoch: u64,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send {
        let _ = (partition, epoch);
        std::future::ready(Ok(()))
    }

    /// Stores why a partition does not continue, while its checkpoint is there.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn note(
        &self,
        partition: Partition,
        at: Checkpoint,
        owner: &str,
        reason: &str,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Shows this build to readers, unless they see it or a later one already.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::BuildBehind`], [`ProjectorError::NotSetUp`].
    fn publish(&self) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Divides the projection into another number of partitions, at least one.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::PartitionsUneven`], [`ProjectorError::NotSetUp`].
    fn repartition(&self, partitions: u32) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Drops a build.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::BuildLive`].
    fn drop_build(&self, build: u32) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// How far the projection has come, each partition in its order. Head and lag are left at zero, unless it
    /// [knows the events](Self::knows_events).
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`].
    fn status(&self) -> impl Future<Output = Result<ProjectionStatus, ProjectorError>> + Send;

    /// Whether the events are beside the model, so that the status shows the lag of the projection. Defaults
    /// to no.
    fn knows_events(&self) -> bool {
        false
    }

    /// The dead letters after a position, in the order of positions, up to a maximum number.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn letters(
        &self,
        after: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ProjectorError>> + Send;

    /// Drops one dead letter; returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn discard(&self, letter: &DeadLetter) -> impl Future<Output = Result<bool, ProjectorError>> + Send;

    /// The cause of an error of the target's own; `None` for one that it does not know. Called for an error
    /// and each of its sources.
    fn cause(error: &(dyn Error + 'static)) -> Option<Cause>;

    /// What has to be fixed if a handler fails at every event.
    fn advice(&self) -> String {
        "fix the model, which lacks what the handler uses".to_owned()
    }

    /// How long [`catch_up`](super::Projector::catch_up) retries transient errors of handlers. Defaults to 10
    /// seconds.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// The outcome of beginning a batch.
#[derive(Debug)]
pub enum Begun<B, S> {
    /// It has begun.
    Batch(B),
    /// The fence is closed: the checkpoint is not where the batch begins.
    Overtaken(S),
}

/// The start and the end of a batch, its partition, and its worker.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The partition.
    pub partition: Partition,
    /// The checkpoint before the batch.
    pub from: Checkpoint,
    /// The checkpoint after it.
    pub to: Checkpoint,
    /// How many events the batch takes.
    pub events: usize,
    /// How many events per second its worker has processed recently.
    pub per_second: f64,
    /// The worker's name.
    pub owner: &'a str,
    /// The epoch of the worker's lease (a fencing token), if it runs effects: the fence is closed to all but
    /// the newest.
    pub epoch: Option<u64>,
}

impl<'a> Step<'a> {
    /// For all streams, from one checkpoint to another, for tests by authors of targets.
    #[must_use]
    pub const fn new(
        partition: Partition,
        from: Checkpoint,
        to: Checkpoint,
        events: usize,
        owner: &'a str,
    ) -> Self {
        Self { partition, from, to, events, per_second: 0.0, owner, epoch: None }
    }

    /// By the owner of the lease of this epoch.
    #[must_use]
    pub const fn epoch(mut self, epoch: Option<u64>) -> Self {
        self.epoch = epoch;
        self
    }
}

/// How a projection is to be set up.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Setting {
    /// The number of partitions.
    pub partitions: u32,
    /// Whether it is published as soon as it has caught up.
    pub publish: bool,
    /// The event after which new checkpoints start.
    pub start: Checkpoint,
    /// The first event of the source: with it a target can distinguish two sources before any checkpoint has
    /// moved, and one that [knows the events](Target::knows_events) notices that those of the source are not
    /// its own. [`Checkpoint::START`] if the source has no events.
    pub first: Checkpoint,
}

impl Setting {
    /// This many partitions, from the first event on, published when they have caught up.
    #[must_use]
    pub const fn partitions(partitions: u32) -> Self {
        Self { partitions, publish: true, start: Checkpoint::START, first: Checkpoint::START }
    }

    /// Starting after another event.
    #[must_use]
    pub const fn start(mut self, start: Checkpoint) -> Self {
        self.start = start;
        self
    }
}

/// A store that can keep read models beside its events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no read models of `{P}` beside its events",
    label = "no `ModelStore<{P}>`",
    note = "`Projector::with_target` puts the model elsewhere, and `projection::MemoryTarget` into memory"
)]
pub trait ModelStore<P: Projection>: ReadAll + Clone + 'static {
    /// Which target that is.
    type Target: Target<P>;

    /// The target beside the events.
    fn model_target(&self) -> Self::Target;
}

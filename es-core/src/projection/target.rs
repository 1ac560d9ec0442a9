//! What a runner asks of the place in which a read model and its checkpoint are kept.

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

/// Where a read model and its checkpoint are kept: a database, or memory. For those who write one;
/// [`Projector`](super::Projector) is the runner on it.
///
/// # Contract
///
/// 1. A [batch](Batch) takes effect as a whole or not at all: model, checkpoint and dead letters. A batch, or
///    a session, that is dropped is undone.
/// 2. A batch begins only while the checkpoint of its partition stands where the batch says it does, and no
///    other batch of that partition begins until it ends. A checkpoint is a position and the id of the event
///    at it. Where the batch has an [epoch](Step::epoch), it begins only if no [lease](Self::claim) of a
///    later epoch was given.
/// 3. Each build of a projection has a model, checkpoints and dead letters of its own. Readers see one
///    build, which changes only by [`publish`](Self::publish), and never to one that is behind; the first
///    that is set up is seen at once.
/// 4. A handler's writes are seen by nobody else before its batch has ended.
///
/// Of an error of its own, which no other target knows, it makes a [`ProjectorError::Target`].
pub trait Target<P: Projection>: Clone + Send + Sync + 'static {
    /// What a worker keeps between batches, such as a connection. Dropped where a batch on it failed.
    type Session: Send;

    /// One batch.
    type Batch: Batch<P, Session = Self::Session>;

    /// What looks after a session while it is at work; `()` where nothing has to.
    type Watch: Send;

    /// What was seen meanwhile; `()` where there is nothing to see.
    type Seen: Send;

    /// Sets up the model, the checkpoints and what else it keeps of a projection, unless they are there, and
    /// shows them to readers if they see no other build. Checkpoints that it makes stand where the setting
    /// says; those that are there stay where they are.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; nothing was made then. [`ProjectorError::PartitionsDiffer`] where there are
    /// others. A target may refuse a projection that is built from another source.
    fn prepare(
        &self,
        projection: &P,
        setting: Setting,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Where the checkpoint of a partition stands, and whether readers see this build or a later one.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`]; [`ProjectorError::PartitionsDiffer`] where there are others.
    fn checkpoint(
        &self,
        partition: Partition,
    ) -> impl Future<Output = Result<(Checkpoint, bool), ProjectorError>> + Send;

    /// A session for batches. Opened before the page is read that it is for.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn session(&self) -> impl Future<Output = Result<Self::Session, ProjectorError>> + Send;

    /// Begins a batch.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; a closed fence is none.
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

    /// What is to look after a session that begins to work.
    fn watch(&self, session: &Self::Session) -> Self::Watch;

    /// Lets a session work for as long as the target is busy for it. What was seen meanwhile is for
    /// [`explain`](Self::explain).
    fn watched<T: Send>(
        &self,
        watch: Self::Watch,
        work: impl Future<Output = Result<T, ProjectorError>> + Send + Unpin,
    ) -> impl Future<Output = (Result<T, ProjectorError>, Self::Seen)> + Send;

    /// An error of that work, with what was seen.
    fn explain(
        &self,
        error: ProjectorError,
        seen: Self::Seen,
        doing: impl FnOnce() -> String,
    ) -> ProjectorError {
        drop((seen, doing));
        error
    }

    /// Claims a partition for the [effects](super::Work::Effects) of one worker, or prolongs its lease, on
    /// the target's own clock. Until the lease runs out no other worker gets one; from then on anybody may.
    ///
    /// Defaults to a refusal, for a target that keeps models only.
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
            "this target keeps no leases: reactors need another one".into(),
        )))
    }

    /// Ends the lease of an epoch, if it is still the newest, so that another worker need not wait for its
    /// end. Defaults to nothing.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; the lease runs out by itself.
    fn release(
        &self,
        partition: Partition,
        epoch: u64,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send {
        let _ = (partition, epoch);
        std::future::ready(Ok(()))
    }

    /// Keeps the reason for which a partition does not go on, while its checkpoint stands there.
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

    /// Drops what is kept of a build.
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

    /// Whether the events are beside the model, so that the status says how far the projection is behind.
    /// Defaults to no.
    fn knows_events(&self) -> bool {
        false
    }

    /// The dead letters after a position, in its order, so many at most.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn letters(
        &self,
        after: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ProjectorError>> + Send;

    /// Drops one dead letter; whether it was there.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn discard(&self, letter: &DeadLetter) -> impl Future<Output = Result<bool, ProjectorError>> + Send;

    /// What an error of its own says about the event at which it occurred; `None` of one that it does not
    /// know. Called for an error and each of its sources.
    fn cause(error: &(dyn Error + 'static)) -> Option<Cause>;

    /// What has to be mended where a handler fails at every event.
    fn advice(&self) -> String {
        "mend the model, which lacks what the handler uses".to_owned()
    }

    /// For how long [`catch_up`](super::Projector::catch_up) waits for what passes in handlers. Defaults to
    /// 10 seconds.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// What became of the beginning of a batch.
#[derive(Debug)]
pub enum Begun<B, S> {
    /// It has begun.
    Batch(B),
    /// The fence is closed: the checkpoint does not stand where the batch begins.
    Overtaken(S),
}

/// From where to where a batch goes, of which partition, and who does it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The partition.
    pub partition: Partition,
    /// Where its checkpoint stands.
    pub from: Checkpoint,
    /// Where it will stand.
    pub to: Checkpoint,
    /// How many events the batch takes.
    pub events: usize,
    /// How many events a second its worker has taken of late.
    pub per_second: f64,
    /// What the worker calls itself.
    pub owner: &'a str,
    /// The epoch of the worker's lease, where it runs effects: the fence is closed to all but the newest.
    pub epoch: Option<u64>,
}

impl<'a> Step<'a> {
    /// Of all streams, from a checkpoint to another, for the tests of those who write targets.
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
    /// Into how many partitions it is divided.
    pub partitions: u32,
    /// Whether it is published as soon as it has caught up.
    pub publish: bool,
    /// After which event its checkpoints stand when they are made.
    pub start: Checkpoint,
    /// The first event of the source, for a target that does not [know the events](Target::knows_events): by
    /// it a target can tell two sources apart before any checkpoint has moved. [`Checkpoint::START`] if the
    /// source has no event.
    pub first: Checkpoint,
}

impl Setting {
    /// So many partitions, from the first event on, which are published when they have caught up.
    #[must_use]
    pub const fn partitions(partitions: u32) -> Self {
        Self { partitions, publish: true, start: Checkpoint::START, first: Checkpoint::START }
    }

    /// From after another event on.
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

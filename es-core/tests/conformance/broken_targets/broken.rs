//! A target in memory that is broken in one way.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::projection::{
    Batch, Begun, Cause, Claim, Claimed, Committed, DeadLetter, LetterPlace, MemoryTarget, Parked, Partition,
    Projection, ProjectionStatus, ProjectorError, Setting, Step, Target,
};
use es_core::record::BoxError;
use es_core::store::Checkpoint;
use es_core::{Position, Revision, StreamId};

/// The rows of a model.
pub(crate) type Rows = Vec<(String, u64)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A batch begins wherever the checkpoint stands.
    NoFence,
    /// Every program begins at the first event, of whatever store.
    AnySource,
    /// The checkpoint moves at the beginning of a batch, the model at its end.
    CheckpointFirst,
    /// The model takes effect, and the checkpoint stays.
    CheckpointStays,
    /// The checkpoint moves, and the model stays as it was.
    ModelStays,
    /// What is undone takes effect.
    UndoneIsKept,
    /// A revision that is behind is published.
    PublishedTooEarly,
    /// Another number of partitions is not noticed.
    AnyParts,
    /// Later events of a stream do not wait.
    NothingWaits,
    /// A letter whose event was taken stays.
    LettersStay,
    /// An event that fails again is not undone.
    EventNotUndone,
    /// The attempts are not counted.
    NotCounted,
    /// The reason of a failure is lost.
    NoReason,
    /// A discarded letter is there the next time.
    NotDiscarded,
    /// The published revision is dropped.
    Unfounded,
    /// Checkpoints are made before the first event.
    NoStart,
    /// Everybody gets a lease.
    ForEverybody,
    /// A lease that has run out is not given to another worker.
    NeverRunsOut,
    /// A lease is not released.
    NotReleased,
    /// A lease is released by anybody.
    ReleasedByAnybody,
    /// A later lease does not close the fence.
    NoEpochs,
    /// After a division the epochs begin anew.
    SameEpochs,
}

type Inner = MemoryTarget<Rows>;

#[derive(Debug, Clone)]
pub(crate) struct BrokenTarget {
    pub(crate) inner: Inner,
    pub(crate) fault: Option<Fault>,
    /// Whether revision 2 was published although it is behind.
    pub(crate) forced: Arc<AtomicBool>,
}

pub(crate) struct BrokenBatch<P: Projection<Model = Rows>> {
    inner: <Inner as Target<P>>::Batch,
    fault: Option<Fault>,
    before: Rows,
}

impl BrokenTarget {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn batch<P: Projection<Model = Rows>>(&self, mut inner: <Inner as Target<P>>::Batch) -> BrokenBatch<P> {
        let before = Batch::<P>::model(&mut inner).clone();
        BrokenBatch { inner, fault: self.fault, before }
    }
}

impl<P: Projection<Model = Rows>> Target<P> for BrokenTarget {
    type Session = ();
    type Batch = BrokenBatch<P>;
    type Watch = ();
    type Seen = ();

    async fn prepare(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        let start = if self.has(Fault::NoStart) { Checkpoint::START } else { setting.start };
        match self.inner.prepare(projection, setting.start(start)).await {
            Err(ProjectorError::PartitionsDiffer { .. }) if self.has(Fault::AnyParts) => Ok(()),
            done => done,
        }
    }

    async fn checkpoint(&self, partition: Partition) -> Result<(Checkpoint, bool), ProjectorError> {
        match Target::<P>::checkpoint(&self.inner, partition).await {
            Err(ProjectorError::PartitionsDiffer { .. }) if self.has(Fault::AnyParts) => {
                Ok((Checkpoint::START, false))
            }
            Ok((_, published)) if self.has(Fault::AnySource) => Ok((Checkpoint::START, published)),
            done => done,
        }
    }

    async fn session(&self) -> Result<(), ProjectorError> {
        Ok(())
    }

    async fn begin(&self, (): (), step: &Step<'_>) -> Result<Begun<BrokenBatch<P>, ()>, ProjectorError> {
        let mut step = *step;
        if self.has(Fault::NoEpochs) {
            step.epoch = None;
        }
        let batch = loop {
            match Target::<P>::begin(&self.inner, (), &step).await? {
                Begun::Batch(batch) => break batch,
                Begun::Overtaken(()) if self.has(Fault::NoFence) || self.has(Fault::AnySource) => {
                    step.from = Target::<P>::checkpoint(&self.inner, step.partition).await?.0;
                }
                Begun::Overtaken(()) => return Ok(Begun::Overtaken(())),
            }
        };
        let batch = match self.fault {
            Some(Fault::CheckpointFirst) => {
                batch.commit().await?.session(|_| None)?;
                Target::<P>::begin_letters(&self.inner, ()).await?
            }
            Some(Fault::CheckpointStays) => {
                batch.roll_back().await?;
                Target::<P>::begin_letters(&self.inner, ()).await?
            }
            _ => batch,
        };
        Ok(Begun::Batch(self.batch(batch)))
    }

    async fn begin_letters(&self, (): ()) -> Result<BrokenBatch<P>, ProjectorError> {
        Ok(self.batch(Target::<P>::begin_letters(&self.inner, ()).await?))
    }

    fn watch(&self, (): &()) {}

    async fn watched<T: Send>(
        &self,
        (): (),
        work: impl Future<Output = Result<T, ProjectorError>> + Send + Unpin,
    ) -> (Result<T, ProjectorError>, ()) {
        (work.await, ())
    }

    async fn claim(&self, partition: Partition, claim: &Claim<'_>) -> Result<Claimed, ProjectorError> {
        let claimed = Target::<P>::claim(&self.inner, partition, claim).await?;
        Ok(match (self.fault, claimed) {
            (Some(Fault::ForEverybody), Claimed::Taken { .. }) => Claimed::Lease { epoch: 99 },
            (Some(Fault::NeverRunsOut), Claimed::Lease { epoch }) if epoch > 1 => {
                Claimed::Taken { rest: Duration::from_secs(1) }
            }
            (Some(Fault::SameEpochs), Claimed::Lease { .. }) if partition.of() > 1 => {
                Claimed::Lease { epoch: 1 }
            }
            _ => claimed,
        })
    }

    async fn release(&self, partition: Partition, epoch: u64) -> Result<(), ProjectorError> {
        let epochs = match self.fault {
            Some(Fault::NotReleased) => 0..0,
            Some(Fault::ReleasedByAnybody) => 0..9,
            _ => epoch..epoch + 1,
        };
        for epoch in epochs {
            Target::<P>::release(&self.inner, partition, epoch).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        partition: Partition,
        at: Checkpoint,
        owner: &str,
        reason: &str,
    ) -> Result<(), ProjectorError> {
        if self.has(Fault::NoReason) {
            return Ok(());
        }
        Target::<P>::note(&self.inner, partition, at, owner, reason).await
    }

    async fn publish(&self) -> Result<(), ProjectorError> {
        match Target::<P>::publish(&self.inner).await {
            Err(ProjectorError::BuildBehind { .. }) if self.has(Fault::PublishedTooEarly) => {
                self.forced.store(true, Ordering::SeqCst);
                Ok(())
            }
            done => done,
        }
    }

    async fn repartition(&self, partitions: u32) -> Result<(), ProjectorError> {
        Target::<P>::repartition(&self.inner, partitions).await
    }

    async fn drop_build(&self, build: u32) -> Result<(), ProjectorError> {
        match Target::<P>::drop_build(&self.inner, build).await {
            Err(ProjectorError::BuildLive { .. }) if self.has(Fault::Unfounded) => Ok(()),
            done => done,
        }
    }

    async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        Target::<P>::status(&self.inner).await
    }

    async fn letters(&self, after: Position, limit: usize) -> Result<Vec<DeadLetter>, ProjectorError> {
        Target::<P>::letters(&self.inner, after, limit).await
    }

    async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        if self.has(Fault::NotDiscarded) {
            return Ok(true);
        }
        Target::<P>::discard(&self.inner, letter).await
    }

    fn cause(_: &(dyn Error + 'static)) -> Option<Cause> {
        None
    }
}

impl<P: Projection<Model = Rows>> Batch<P> for BrokenBatch<P> {
    type Session = ();

    fn model(&mut self) -> &mut Rows {
        self.inner.model()
    }

    fn parks_some(&self) -> bool {
        self.fault != Some(Fault::NothingWaits) && self.inner.parks_some()
    }

    fn parks(&self, stream: &StreamId) -> bool {
        self.fault != Some(Fault::NothingWaits) && self.inner.parks(stream)
    }

    async fn park(&mut self, letter: &Parked<'_>) -> Result<(), ProjectorError> {
        self.inner.park(letter).await
    }

    async fn commit(mut self) -> Result<Committed<Self, ()>, ProjectorError> {
        if self.fault == Some(Fault::ModelStays) {
            *self.inner.model() = self.before;
        }
        self.inner.commit().await?.session(|_| None).map(Committed::Done)
    }

    async fn roll_back(self) -> Result<(), ProjectorError> {
        match self.fault {
            Some(Fault::UndoneIsKept) => self.inner.commit().await?.session(|_| None),
            _ => self.inner.roll_back().await,
        }
    }

    async fn letters_of(
        &mut self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<LetterPlace>, ProjectorError> {
        self.inner.letters_of(stream, after, limit).await
    }

    async fn begin_event(&mut self) -> Result<(), ProjectorError> {
        self.inner.begin_event().await
    }

    async fn end_event(&mut self) -> Result<Option<BoxError>, ProjectorError> {
        self.inner.end_event().await
    }

    async fn undo_event(&mut self) -> Result<(), ProjectorError> {
        match self.fault {
            Some(Fault::EventNotUndone) => Ok(()),
            _ => self.inner.undo_event().await,
        }
    }

    async fn remove_letter(&mut self, position: Position) -> Result<(), ProjectorError> {
        match self.fault {
            Some(Fault::LettersStay) => Ok(()),
            _ => self.inner.remove_letter(position).await,
        }
    }

    async fn keep_letter(&mut self, position: Position, reason: &str) -> Result<(), ProjectorError> {
        match self.fault {
            Some(Fault::NotCounted) => Ok(()),
            _ => self.inner.keep_letter(position, reason).await,
        }
    }

    async fn count_letters(&mut self, stream: &StreamId) -> Result<usize, ProjectorError> {
        self.inner.count_letters(stream).await
    }
}

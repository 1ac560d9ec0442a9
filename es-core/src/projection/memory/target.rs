//! Memory as a target of read models.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};

use time::OffsetDateTime;

use super::batch::{MemoryBatch, turn};
use super::state::{Build, State};
use crate::latch::hold;
use crate::memory::MemoryStore;
use crate::projection::cause::Cause;
use crate::projection::error::ProjectorError;
use crate::projection::handler::set_up;
use crate::projection::lease::{Claim, Claimed};
use crate::projection::letters::DeadLetter;
use crate::projection::status::ProjectionStatus;
use crate::projection::target::{Begun, ModelStore, Setting, Step, Target};
use crate::projection::{Partition, Projection};
use crate::store::Checkpoint;
use crate::stream::Position;

/// Keeps read models in memory, each with its checkpoints and dead letters: for tests, and for small models
/// that are rebuilt on each start. Clones share their contents.
///
/// A batch works on a copy of the model, which replaces it, together with the checkpoint, at the end: so a
/// batch that fails, panics or is dropped leaves no trace. Each batch makes one copy; if the model is large,
/// make its parts cheap to clone (an `Arc`, a persistent map). The partitions of a projection take turns.
pub struct MemoryTarget<M> {
    empty: Arc<M>,
    state: Arc<Mutex<State<M>>>,
    /// Held while a model is created.
    making: Arc<tokio::sync::Mutex<()>>,
}

impl<M> MemoryTarget<M> {
    /// The initial model, before the first event.
    pub fn new(empty: M) -> Self {
        Self { empty: Arc::new(empty), state: Arc::default(), making: Arc::default() }
    }

    /// The model of a projection that readers see, whichever build that is; `None` before it is set up. It is
    /// a snapshot; to see later events, call again.
    #[must_use]
    pub fn published(&self, projection: &str) -> Option<Arc<M>> {
        let state = hold(&self.state);
        let kept = state.kept(projection)?;
        kept.builds.get(&kept.live?).map(|build| Arc::clone(&build.model))
    }

    /// The model of a build of a projection; `None` if it is not set up. It is a snapshot.
    #[must_use]
    pub fn build(&self, projection: &str, build: u32) -> Option<Arc<M>> {
        let state = hold(&self.state);
        state.kept(projection)?.builds.get(&build).map(|build| Arc::clone(&build.model))
    }

    /// The model of this build, and its lowest checkpoint; the initial one, if it is not set up.
    pub(super) fn model<P: Projection>(&self) -> (Arc<M>, Checkpoint) {
        match hold(&self.state).build::<P>() {
            Ok(build) => (Arc::clone(&build.model), build.range().0),
            Err(_) => (Arc::clone(&self.empty), Checkpoint::START),
        }
    }
}

impl<P, M> Target<P> for MemoryTarget<M>
where
    P: Projection<Model = M>,
    M: Clone + Send + Sync + 'static,
{
    type Session = ();
    type Batch = MemoryBatch<P, M>;
    type Watch = ();
    type Seen = ();

    async fn prepare(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        let _alone = self.making.lock().await;
        if let Ok(build) = hold(&self.state).build::<P>() {
            return build.same_partitions::<P>(setting.partitions);
        }
        let mut model = M::clone(&self.empty);
        set_up(projection, &mut model).await.map_err(|source| {
            let cause = Cause::of(&source, <Self as Target<P>>::cause);
            ProjectorError::Setup { projection: P::NAME, build: P::BUILD, source, cause }
        })?;
        let mut state = hold(&self.state);
        let kept = state.kept_mut(P::NAME);
        kept.builds.insert(P::BUILD, Build::new(model, setting.partitions, setting.start));
        kept.live.get_or_insert(P::BUILD);
        Ok(())
    }

    async fn checkpoint(&self, partition: Partition) -> Result<(Checkpoint, bool), ProjectorError> {
        let mut state = hold(&self.state);
        let published = state.kept(P::NAME).and_then(|kept| kept.live).is_some_and(|live| live >= P::BUILD);
        let build = state.build_mut::<P>()?;
        build.same_partitions::<P>(partition.of())?;
        let stand = build.stand_mut(partition).ok_or_else(ProjectorError::not_set_up::<P>)?;
        Ok((stand.checkpoint, published))
    }

    async fn session(&self) -> Result<(), ProjectorError> {
        Ok(())
    }

    async fn begin(&self, (): (), step: &Step<'_>) -> Result<Begun<MemoryBatch<P, M>, ()>, ProjectorError> {
        MemoryBatch::begin(&self.state, step).await
    }

    async fn begin_letters(&self, (): ()) -> Result<MemoryBatch<P, M>, ProjectorError> {
        MemoryBatch::begin_letters(&self.state).await
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
        let mut state = hold(&self.state);
        let build = state.build_mut::<P>()?;
        build.same_partitions::<P>(partition.of())?;
        let stand = build.stand_mut(partition).ok_or_else(ProjectorError::not_set_up::<P>)?;
        if let claimed @ Claimed::Taken { .. } = stand.lease.claim(claim) {
            return Ok(claimed);
        }
        stand.owner = Some(claim.owner.to_owned());
        Ok(Claimed::Lease { epoch: stand.lease.epoch })
    }

    async fn release(&self, partition: Partition, epoch: u64) -> Result<(), ProjectorError> {
        let mut state = hold(&self.state);
        if let Some(stand) = state.build_mut::<P>()?.stand_mut(partition)
            && stand.lease.epoch == epoch
        {
            stand.lease.ends = None;
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
        let mut state = hold(&self.state);
        if let Some(stand) = state.build_mut::<P>()?.stand_mut(partition)
            && stand.checkpoint == at
        {
            stand.failure = Some((reason.to_owned(), OffsetDateTime::now_utc()));
            stand.owner = Some(owner.to_owned());
        }
        Ok(())
    }

    async fn publish(&self) -> Result<(), ProjectorError> {
        let mut state = hold(&self.state);
        let own = state.build::<P>()?.range().0.position();
        let kept = state.kept_mut(P::NAME);
        let Some(live) = kept.live.filter(|live| *live < P::BUILD) else {
            kept.live.get_or_insert(P::BUILD);
            return Ok(());
        };
        let live = kept.builds.get(&live).map(|build| build.range().0.position()).unwrap_or_default();
        if own < live {
            return Err(ProjectorError::BuildBehind {
                projection: P::NAME,
                build: P::BUILD,
                position: own,
                live,
            });
        }
        kept.live = Some(P::BUILD);
        tracing::info!(projection = P::NAME, build = P::BUILD, "readers see this build now");
        Ok(())
    }

    async fn repartition(&self, partitions: u32) -> Result<(), ProjectorError> {
        let _turn = turn::<P, M>(&self.state).await?;
        let mut state = hold(&self.state);
        let build = state.build_mut::<P>()?;
        let (lowest, highest) = build.range();
        if lowest != highest {
            let (lowest, highest) = (lowest.position(), highest.position());
            return Err(ProjectorError::PartitionsUneven {
                projection: P::NAME,
                build: P::BUILD,
                lowest,
                highest,
            });
        }
        let projected = build.partitions.iter().map(|partition| partition.projected).sum();
        build.divide(partitions, lowest, projected);
        Ok(())
    }

    async fn drop_build(&self, build: u32) -> Result<(), ProjectorError> {
        let mut state = hold(&self.state);
        let kept = state.kept_mut(P::NAME);
        if kept.live == Some(build) {
            return Err(ProjectorError::BuildLive { projection: P::NAME, build, live: build });
        }
        kept.builds.remove(&build);
        Ok(())
    }

    async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        let state = hold(&self.state);
        let live = state.kept(P::NAME).and_then(|kept| kept.live);
        Ok(state.build::<P>()?.status::<P>(live))
    }

    async fn letters(&self, after: Position, limit: usize) -> Result<Vec<DeadLetter>, ProjectorError> {
        let letters = match hold(&self.state).build::<P>() {
            Ok(build) => Arc::clone(&build.letters),
            Err(_) => return Ok(Vec::new()),
        };
        Ok(letters.values().filter(|letter| letter.position > after).take(limit).cloned().collect())
    }

    async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        let _turn = turn::<P, M>(&self.state).await?;
        let mut state = hold(&self.state);
        let letters = &mut state.build_mut::<P>()?.letters;
        Ok(Arc::make_mut(letters).remove(&letter.position).is_some())
    }

    fn cause(_: &(dyn Error + 'static)) -> Option<Cause> {
        None
    }
}

impl<P: Projection> ModelStore<P> for MemoryStore
where
    P::Model: Clone + Default + Send + Sync + 'static,
{
    type Target = MemoryTarget<P::Model>;

    fn model_target(&self) -> MemoryTarget<P::Model> {
        self.beside()
    }
}

impl<M> Clone for MemoryTarget<M> {
    fn clone(&self) -> Self {
        let Self { empty, state, making } = self;
        Self { empty: Arc::clone(empty), state: Arc::clone(state), making: Arc::clone(making) }
    }
}

impl<M: Default> Default for MemoryTarget<M> {
    fn default() -> Self {
        Self::new(M::default())
    }
}

impl<M> fmt::Debug for MemoryTarget<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTarget").finish_non_exhaustive()
    }
}

//! Rewinding: effects of earlier events run again.

use super::batch::Batch;
use super::error::ProjectorError;
use super::lease::{Claim, Claimed};
use super::projector::Projector;
use super::settings::Start;
use super::target::{Begun, Step, Target};
use super::{Partition, Projection};
use crate::store::{Checkpoint, ReadAll};

impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Projector<P, S, T> {
    /// Moves the checkpoints of all partitions back, once no worker has a lease.
    pub(crate) async fn rewind(&self, start: Start) -> Result<(), ProjectorError> {
        let to = self.resolve(start).await?;
        let letters = self.target.status().await?.dead_letters;
        if letters > 0 {
            return Err(ProjectorError::Letters { projection: P::NAME, letters });
        }
        let mut epochs = Vec::new();
        let moved = self.move_partitions(to, &mut epochs).await;
        for (partition, epoch) in epochs {
            self.target.release(partition, epoch).await?;
        }
        moved
    }

    async fn move_partitions(
        &self,
        to: Checkpoint,
        epochs: &mut Vec<(Partition, u64)>,
    ) -> Result<(), ProjectorError> {
        let mut from = Vec::new();
        for index in 0..self.options.partitions {
            let partition = Partition::new(index, self.options.partitions);
            let claim = Claim::new(&self.options.owner, self.options.lease);
            match self.target.claim(partition, &claim).await? {
                Claimed::Lease { epoch } => epochs.push((partition, epoch)),
                Claimed::Taken { rest } => {
                    return Err(ProjectorError::Leased { projection: P::NAME, partition: index, rest });
                }
            }
            from.push(self.target.checkpoint(partition).await?.0);
        }
        let lowest = from.iter().map(Checkpoint::position).min().unwrap_or_default();
        if lowest < to.position() {
            return Err(ProjectorError::NotBack { projection: P::NAME, position: lowest, to: to.position() });
        }
        for ((partition, epoch), from) in epochs.iter().zip(from) {
            self.move_partition(*partition, *epoch, from, to).await?;
        }
        Ok(())
    }

    async fn move_partition(
        &self,
        partition: Partition,
        epoch: u64,
        from: Checkpoint,
        to: Checkpoint,
    ) -> Result<(), ProjectorError> {
        let step = Step::new(partition, from, to, 0, &self.options.owner).epoch(Some(epoch));
        match self.target.begin(self.target.session().await?, &step).await? {
            Begun::Batch(batch) => batch.commit().await?.session(T::cause).map(drop),
            Begun::Overtaken(_) => {
                let (projection, partition) = (P::NAME, partition.index());
                Err(ProjectorError::Leased { projection, partition, rest: self.options.lease })
            }
        }
    }
}

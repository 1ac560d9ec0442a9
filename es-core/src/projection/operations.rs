//! Operations on a projection as a whole.

use std::time::Duration;

use time::OffsetDateTime;

use super::error::ProjectorError;
use super::letters::DeadLetter;
use super::projector::Projector;
use super::status::ProjectionStatus;
use super::target::Target;
use super::{Partition, Projection};
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{AllQuery, Checkpoint, Filter, ReadAll};
use crate::stream::Position;

/// The default number of listed letters.
const FIRST_LETTERS: usize = 1_000;

impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Projector<P, S, T> {
    /// Creates the model and the checkpoints, unless they exist. [`run`](Self::run) and
    /// [`catch_up`](Self::catch_up) begin with it. Objects that readers use, and that a restore has left out,
    /// are created again.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; nothing was created then.
    pub async fn prepare(&self) -> Result<(), ProjectorError> {
        self.set_up().await
    }

    /// Divides the projection into another number of partitions, at least one. Workers that run with the old
    /// number stop with [`ProjectorError::PartitionsDiffer`].
    ///
    /// # Errors
    ///
    /// [`ProjectorError::PartitionsUneven`] unless all partitions are at one position: first call
    /// [`catch_up`](Self::catch_up), with the old number and no event coming in; an inline projection
    /// requires that no program appends. [`ProjectorError::NotSetUp`].
    pub async fn repartition(&self, partitions: u32) -> Result<(), ProjectorError> {
        self.target.repartition(partitions.max(1)).await
    }

    /// Shows this build to readers, at once, unless they see it or a later one already.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::BuildBehind`] when it has not come as far as the build that readers see.
    /// [`ProjectorError::Target`] when something else prevents it.
    pub async fn publish(&self) -> Result<(), ProjectorError> {
        self.target.publish().await
    }

    /// Drops a build: its model, checkpoints and dead letters. Call it once nobody runs that build any more.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::BuildLive`] of the build that readers see, unless its model is missing;
    /// [`ProjectorError::Target`] when something else prevents it.
    pub async fn drop_build(&self, build: u32) -> Result<(), ProjectorError> {
        self.target.drop_build(build).await
    }

    /// Its progress, as the target has stored it, whichever program runs it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`] before it ran for the first time.
    pub async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        let mut status = self.target.status().await?;
        if !self.target.knows_events() {
            self.add_lag(&mut status).await?;
        }
        Ok(status)
    }

    /// How far it lags behind the store that it reads, which the target does not know.
    async fn add_lag(&self, status: &mut ProjectionStatus) -> Result<(), ProjectorError> {
        status.head = self.source.end().await?.position();
        for partition in &mut status.partitions {
            partition.lag_events = status.head.get().saturating_sub(partition.position.get());
            if partition.lag_events > 0 {
                let (checkpoint, _) =
                    self.target.checkpoint(Partition::new(partition.partition, partition.of)).await?;
                partition.lag = self.age_after(checkpoint).await?;
            }
        }
        Ok(())
    }

    /// How old the first event after a checkpoint is.
    async fn age_after(&self, checkpoint: Checkpoint) -> Result<Duration, ProjectorError> {
        let mut age = Duration::ZERO;
        let mut take = |raw: RawEvent<'_>| {
            age = (OffsetDateTime::now_utc() - raw.recorded_at).try_into().unwrap_or_default();
            Ok(())
        };
        let all = Filter::new();
        match self.source.read_all(AllQuery::after(checkpoint, &all).limit(1), &mut take).await {
            // The projector reports that.
            Err(StoreError::ForeignCheckpoint { .. }) | Ok(_) => Ok(age),
            Err(error) => Err(error.into()),
        }
    }

    /// The dead letters, in the order of their positions: the first 1,000 of them.
    /// [`dead_letters_after`](Self::dead_letters_after) lists the others, and [`status`](Self::status)
    /// returns their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the target.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.target.letters(Position::default(), FIRST_LETTERS).await
    }

    /// The dead letters after a position, at most `limit` of them, in the order of their positions.
    ///
    /// ```
    /// # use es_core::projection::{Projection, Projector, ProjectorError, Target};
    /// # use es_core::store::ReadAll;
    /// # use es_core::Position;
    /// # async fn list<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>>(
    /// #     projector: Projector<P, S, T>,
    /// # ) -> Result<(), ProjectorError> {
    /// let mut after = Position::default();
    /// loop {
    ///     let letters = projector.dead_letters_after(after, 500).await?;
    ///     let Some(last) = letters.last() else { break };
    ///     after = last.position;
    ///     for letter in letters {
    ///         println!("{} at {}: {}", letter.event, letter.position, letter.reason);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the target.
    pub async fn dead_letters_after(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.target.letters(after, limit).await
    }

    /// Discards one dead letter: its event will not be in the model. Returns whether it existed. Those that
    /// wait for it stay; [`retry`](Self::retry) them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the target.
    pub async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        self.target.discard(letter).await
    }
}

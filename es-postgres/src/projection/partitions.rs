//! The partitions of a projection: their checkpoints, and repartitioning.

use es_core::projection::{Projection, ProjectorError};
use es_core::store::{Checkpoint, ReadAll};
use es_core::{Position, StoreError};
use sqlx::PgConnection;

use super::source::Source;
use super::target::{EventLocation, PostgresTarget};
use super::transaction::{COMMIT, sql};
use super::values::position;
use crate::connect::columns::{checkpoint, held, partitions};
use crate::connect::failure::Failure;
use crate::read::row::Columns;

/// The number of partitions of an inline projection, as it is stored.
pub(super) const INLINE: u32 = 0;

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn make_checkpoints(
        &self,
        db: &mut PgConnection,
        partitions: u32,
        at: Checkpoint,
        taken: Taken,
        source: Source,
    ) -> Result<(), ProjectorError> {
        let call = self.statements().checkpoint_make.call().bind(P::NAME).bind(self.build());
        let call = call.bind(partitions.cast_signed()).bind(position(at)).bind(at.event().map(|(_, id)| id));
        let call = call.bind(taken.projected).bind(taken.epoch);
        let call = call.bind(source.place == EventLocation::Elsewhere).bind(source.first);
        call.execute(db).await.map_err(Failure::from)?;
        Ok(())
    }

    pub(super) async fn divide(&self, partitions: u32) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        let work = self.divide_on(&mut session.connection, partitions);
        self.limited("repartitioning", session.backend, work).await
    }

    async fn divide_on(&self, db: &mut PgConnection, partitions: u32) -> Result<(), ProjectorError> {
        self.lock(db).await?;
        let mut found = self.hold_partitions(db).await?;
        for partition in &mut found {
            if partition.partitions == INLINE {
                // Inline projections are always at the end, and store no checkpoint.
                partition.checkpoint = self.store.end().await?;
            }
        }
        let positions = || found.iter().map(|partition| partition.checkpoint);
        let (Some(lowest), Some(highest)) =
            (positions().min_by_key(Checkpoint::position), positions().max_by_key(Checkpoint::position))
        else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        let Some(source) = found.first().map(|partition| partition.source) else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        self.same_source(source, Source { place: self.place(), first: None })?;
        if lowest != highest {
            let (lowest, highest) = (lowest.position(), highest.position());
            return Err(ProjectorError::PartitionsUneven {
                projection: P::NAME,
                build: P::BUILD,
                lowest,
                highest,
            });
        }
        self.statements()
            .checkpoint_forget
            .call()
            .bind(P::NAME)
            .bind(self.build())
            .execute(&mut *db)
            .await
            .map_err(Failure::from)?;
        let taken = Taken {
            projected: found.iter().map(|partition| partition.taken.projected).sum(),
            epoch: found.iter().map(|partition| partition.taken.epoch).max().unwrap_or(0),
        };
        self.make_checkpoints(db, partitions.max(1), lowest, taken, source).await?;
        sql(db, COMMIT.to_owned()).await?;
        Ok(())
    }

    /// Locks the checkpoints of all partitions, so that no batch runs during the caller's transaction.
    pub(super) async fn hold_partitions(
        &self,
        db: &mut PgConnection,
    ) -> Result<Vec<LockedPartition>, ProjectorError> {
        let call = self.statements().checkpoint_lock.call().bind(P::NAME).bind(self.build());
        let mut partitions = Vec::new();
        for row in call.fetch_all(db).await.map_err(Failure::from)? {
            let row = Columns(&row);
            let projected = i64::try_from(row.bigint(held::PROJECTED)?).unwrap_or(i64::MAX);
            let of = row.integer(partitions::PARTITIONS)?.cast_unsigned();
            let taken = Taken { projected, epoch: row.bigint(held::EPOCH)?.cast_signed() };
            let place = row.boolean(held::ELSEWHERE)?.into();
            let source = Source { place, first: row.uuid(held::FIRST_EVENT_ID)? };
            partitions.push(LockedPartition { checkpoint: stored(row)?, partitions: of, taken, source });
        }
        Ok(partitions)
    }
}

/// A partition whose checkpoint is locked.
pub(super) struct LockedPartition {
    pub(super) checkpoint: Checkpoint,
    partitions: u32,
    taken: Taken,
    source: Source,
}

/// The number of events that a partition has projected, and the epoch of its lease.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    projected: i64,
    epoch: i64,
}

/// The checkpoint of a partition.
pub(super) fn stored(row: Columns<'_>) -> Result<Checkpoint, StoreError> {
    Ok(match row.uuid(checkpoint::EVENT_ID)? {
        Some(event_id) => Checkpoint::behind(Position::new(row.bigint(checkpoint::POSITION)?), event_id),
        None => Checkpoint::START,
    })
}

//! Setting up a projection, and dividing it into partitions.

use es_core::Position;
use es_core::projection::{Cause, Partition, Projection, ProjectorError, Setting, set_up};
use es_core::store::Checkpoint;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::batch::{event_id, position};
use super::cause::{failed, lacks_tables, of_error};
use super::error::SqliteTargetError;
use super::files::run;
use super::session::{SqliteSession, is_ended};
use super::target::SqliteTarget;
use crate::error::Failure;
use crate::open::files::{Identity, absolute, network};
use crate::sql;

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    pub(super) async fn set_up_once(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        self.refuse_network()?;
        if let Some(found) = self.partitions().await? {
            Self::same_partitions(found, setting.partitions)?;
            if self.live_build().await?.is_some() {
                return Ok(());
            }
        }
        let (mut pointer, live) = self.lock().await?;
        match self.partitions().await? {
            Some(found) => Self::same_partitions(found, setting.partitions)?,
            None => self.set_up(projection, setting).await?,
        }
        if live.is_none() {
            Self::point(&mut pointer, Some(P::BUILD)).await?;
        }
        run(&mut pointer, "COMMIT").await
    }

    fn refuse_network(&self) -> Result<(), ProjectorError> {
        let (projection, build, path) = (P::NAME, P::BUILD, absolute(&self.own()));
        match network(&path).filter(|_| !self.allow_network_file_system) {
            Some(kind) => Err(SqliteTargetError::NetworkFileSystem { projection, build, path, kind }.into()),
            None => Ok(()),
        }
    }

    async fn set_up(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        let path = self.own();
        let db = self.make(&path).await?;
        let file = Identity::of(&path).map_err(|error| failed(sqlx::Error::Io(error)))?;
        let mut session = SqliteSession::of(db, file).await?;
        session.begin().await?;
        if let Err(source) = set_up(projection, &mut session.db).await {
            session.roll_back().await?;
            if session.tried_to_commit() {
                return Err(Self::ended().into());
            }
            let cause = Cause::of(&source, of_error);
            return Err(ProjectorError::Setup { projection: P::NAME, build: P::BUILD, source, cause });
        }
        match sqlx::raw_sql("RELEASE es_batch").execute(&mut session.db).await {
            Err(error) if is_ended(&error) => return Err(Self::ended().into()),
            done => done.map_err(failed)?,
        };
        session.run(sql::PROJECTION_CREATE_TABLES).await?;
        session.run(sql::LEASE_CREATE).await?;
        make_checkpoints(&mut session.db, setting.partitions, setting.start, 0).await?;
        session.commit().await.map_err(failed)
    }

    /// How many partitions this build has; `None` if it is not set up.
    async fn partitions(&self) -> Result<Option<u32>, ProjectorError> {
        let Some(mut db) = self.open(&self.own()).await? else { return Ok(None) };
        known(sqlx::query_scalar(sql::CHECKPOINT_PARTITIONS).fetch_optional(&mut db).await)
    }

    fn same_partitions(found: u32, asked: u32) -> Result<(), ProjectorError> {
        if found == asked {
            return Ok(());
        }
        Err(ProjectorError::PartitionsDiffer { projection: P::NAME, build: P::BUILD, found, asked })
    }

    /// The checkpoint of a partition, and whether readers see this build or a later one.
    pub(super) async fn read_checkpoint(
        &self,
        partition: Partition,
    ) -> Result<(Checkpoint, bool), ProjectorError> {
        let Some(mut db) = self.open(&self.own()).await? else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        let call =
            sqlx::query_as::<_, (i64, Option<Vec<u8>>, u32)>(sql::CHECKPOINT_READ).bind(partition.index());
        let Some((position, event_id, partitions)) = known(call.fetch_optional(&mut db).await)? else {
            // The partition does not exist if their number was reduced.
            if let Some(found) = self.partitions().await? {
                Self::same_partitions(found, partition.of())?;
            }
            return Err(ProjectorError::not_set_up::<P>());
        };
        Self::same_partitions(partitions, partition.of())?;
        let live = self.live_build().await?.is_some_and(|live| live >= P::BUILD);
        Ok((stored(position, event_id)?, live))
    }

    pub(super) async fn divide(&self, partitions: u32) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        session.begin().await?;
        let rows = sqlx::query_as::<_, (i64, Option<Vec<u8>>, i64)>(sql::CHECKPOINT_LIST);
        let mut projected = 0;
        let mut found = Vec::new();
        for (position, event_id, of_partition) in known_all(rows.fetch_all(&mut session.db).await)? {
            projected += of_partition;
            found.push(stored(position, event_id)?);
        }
        let (Some(&lowest), Some(&highest)) = (
            found.iter().min_by_key(|checkpoint| checkpoint.position()),
            found.iter().max_by_key(|checkpoint| checkpoint.position()),
        ) else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        if lowest != highest {
            let (lowest, highest) = (lowest.position(), highest.position());
            return Err(ProjectorError::PartitionsUneven {
                projection: P::NAME,
                build: P::BUILD,
                lowest,
                highest,
            });
        }
        session.run(sql::CHECKPOINT_FORGET).await?;
        // Files of an older version have no table of leases.
        session.run(sql::LEASE_CREATE).await?;
        session.run(sql::LEASE_END_ALL).await?;
        make_checkpoints(&mut session.db, partitions.max(1), lowest, projected).await?;
        session.commit().await.map_err(failed)
    }
}

/// The result of one of our statements; `None` if its tables do not exist.
pub(super) fn known<T>(found: Result<Option<T>, sqlx::Error>) -> Result<Option<T>, ProjectorError> {
    match found {
        Err(error) if lacks_tables(&error) => Ok(None),
        found => found.map_err(failed),
    }
}

/// The same for many rows.
pub(super) fn known_all<T>(found: Result<Vec<T>, sqlx::Error>) -> Result<Vec<T>, ProjectorError> {
    known(found.map(Some)).map(Option::unwrap_or_default)
}

/// Creates the checkpoints of all partitions at one position; the number of projected events goes to the
/// first.
async fn make_checkpoints(
    db: &mut SqliteConnection,
    partitions: u32,
    at: Checkpoint,
    projected: i64,
) -> Result<(), ProjectorError> {
    for partition in 0..partitions {
        sqlx::query(sql::CHECKPOINT_MAKE)
            .bind(partition)
            .bind(partitions)
            .bind(position(at))
            .bind(event_id(at))
            .bind(if partition == 0 { projected } else { 0 })
            .execute(&mut *db)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

fn stored(position: i64, event_id: Option<Vec<u8>>) -> Result<Checkpoint, ProjectorError> {
    let Some(event_id) = event_id else { return Ok(Checkpoint::START) };
    let event_id = Uuid::from_slice(&event_id).map_err(|_| {
        let damaged = Failure::damaged("a checkpoint with an invalid event id");
        ProjectorError::Store(damaged.into())
    })?;
    Ok(Checkpoint::behind(Position::new(position.cast_unsigned()), event_id))
}

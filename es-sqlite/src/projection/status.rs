//! How far a projection has come.

use es_core::Position;
use es_core::projection::{PartitionStatus, Projection, ProjectionStatus, ProjectorError};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::cause::failed;
use super::letters::time;
use super::setup::known_all;
use super::target::SqliteTarget;
use crate::sql;

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    pub(super) async fn read_status(&self) -> Result<ProjectionStatus, ProjectorError> {
        let Some(mut db) = self.open(&self.own()).await? else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        let rows = known_all(sqlx::query(sql::PROJECTION_STATUS).fetch_all(&mut db).await)?;
        let mut status = ProjectionStatus::of::<P>();
        for row in &rows {
            status.partitions.push(partition(row).map_err(failed)?);
            status.dead_letters = row.try_get::<i64, _>(9).map_err(failed)?.cast_unsigned();
        }
        if status.partitions.is_empty() {
            return Err(ProjectorError::not_set_up::<P>());
        }
        status.live = self.live_build().await?;
        Ok(status)
    }
}

fn partition(row: &SqliteRow) -> Result<PartitionStatus, sqlx::Error> {
    let position = Position::new(row.try_get::<i64, _>(2)?.cast_unsigned());
    let mut partition =
        PartitionStatus::new(row.try_get(0)?, row.try_get(1)?, position, time(row.try_get(6)?));
    partition.projected = row.try_get::<i64, _>(3)?.cast_unsigned();
    partition.per_second = row.try_get(4)?;
    partition.owner = row.try_get(5)?;
    partition.error = row.try_get(7)?;
    partition.failed_at = row.try_get::<Option<i64>, _>(8)?.map(time);
    Ok(partition)
}

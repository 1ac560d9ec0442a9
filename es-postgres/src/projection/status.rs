//! The status of a projection.

use std::time::Duration;

use es_core::Position;
use es_core::projection::{PartitionStatus, Projection, ProjectionStatus, ProjectorError};
use sqlx::{PgConnection, Row};

use super::partitions::INLINE;
use super::target::PostgresTarget;
use crate::connect::call::rows;
use crate::connect::columns::projection_status;
use crate::connect::failure::unexpected;

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn read_status(&self) -> Result<ProjectionStatus, ProjectorError> {
        let call = self.status_statement().call().bind(P::NAME).bind(self.build());
        let rows = rows(self.store.pool(), call).await?;
        let first = rows.first().ok_or_else(ProjectorError::not_set_up::<P>)?;
        let mut status = ProjectionStatus::of::<P>();
        status.live = StatusRow(first).int(projection_status::LIVE)?;
        status.head = Position::new(StatusRow(first).number(projection_status::HEAD)?);
        status.dead_letters = StatusRow(first).number(projection_status::LETTERS)?;
        for row in &rows {
            status.partitions.push(partition(&StatusRow(row), status.head.get())?);
        }
        Ok(status)
    }
}

fn partition(get: &StatusRow<'_>, head: u64) -> Result<PartitionStatus, es_core::StoreError> {
    let partition = get.int(projection_status::PARTITION)?.unwrap_or_default();
    let of = get.int(projection_status::PARTITIONS)?.unwrap_or_default();
    // An inline projection is always at the end, and stores no checkpoint.
    let position = if of == INLINE { head } else { get.number(projection_status::POSITION)? };
    let seconds = if of == INLINE { 0.0 } else { get.value(projection_status::SECONDS)? };
    let updated_at = get.value(projection_status::UPDATED_AT)?;
    let mut partition = PartitionStatus::new(partition, of, Position::new(position), updated_at);
    partition.lag_events = head.saturating_sub(position);
    partition.lag = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    partition.projected = get.number(projection_status::PROJECTED)?;
    partition.per_second = get.value(projection_status::PER_SECOND)?;
    partition.owner = get.value(projection_status::OWNER)?;
    partition.error = get.value(projection_status::ERROR)?;
    partition.failed_at = get.value(projection_status::FAILED_AT)?;
    Ok(partition)
}

/// A row of the status.
struct StatusRow<'r>(&'r sqlx::postgres::PgRow);

impl StatusRow<'_> {
    fn value<'r, T>(&'r self, column: usize) -> Result<T, es_core::StoreError>
    where
        T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.0.try_get(column).map_err(unexpected)
    }

    fn number(&self, column: usize) -> Result<u64, es_core::StoreError> {
        Ok(self.value::<i64>(column)?.unsigned_abs())
    }

    fn int(&self, column: usize) -> Result<Option<u32>, es_core::StoreError> {
        Ok(self.value::<Option<i32>>(column)?.map(i32::unsigned_abs))
    }
}

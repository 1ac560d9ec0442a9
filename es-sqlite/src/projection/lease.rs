//! Leases of workers whose effects are outside of the file, on the clock of this host.

use std::time::Duration;

use es_core::projection::{Claim, Claimed, Partition, Projection, ProjectorError};
use es_core::reactor::CheckpointStore;
use sqlx::SqliteConnection;

use super::cause::failed;
use super::setup::known;
use super::target::SqliteTarget;
use crate::sql;
use crate::store::SqliteStore;

impl CheckpointStore for SqliteStore {
    type Model = SqliteConnection;
    type Target<P: Projection<Model = SqliteConnection>> = SqliteTarget<P>;

    fn checkpoint_target<P: Projection<Model = SqliteConnection>>(&self) -> SqliteTarget<P> {
        SqliteTarget::beside(self)
    }
}

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    pub(super) async fn claim_partition(
        &self,
        partition: Partition,
        claim: &Claim<'_>,
    ) -> Result<Claimed, ProjectorError> {
        let Some(mut db) = self.open(&self.own()).await? else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        let lasts = i64::try_from(claim.lasts.as_micros()).unwrap_or(i64::MAX / 2);
        let call = sqlx::query_scalar::<_, i64>(sql::LEASE_CLAIM)
            .bind(partition.index())
            .bind(partition.of())
            .bind(lasts);
        let call = call.bind(claim.held.map(u64::cast_signed));
        if let Some(epoch) = known(call.fetch_optional(&mut db).await)? {
            return Ok(Claimed::Lease { epoch: epoch.cast_unsigned() });
        }
        // Fails with the right error if there is no such partition.
        self.read_checkpoint(partition).await?;
        let call = sqlx::query_scalar::<_, i64>(sql::LEASE_REST).bind(partition.index());
        let rest = known(call.fetch_optional(&mut db).await)?.unwrap_or_default();
        Ok(Claimed::Taken { rest: Duration::from_micros(rest.cast_unsigned()) })
    }

    pub(super) async fn release_partition(
        &self,
        partition: Partition,
        epoch: u64,
    ) -> Result<(), ProjectorError> {
        let Some(mut db) = self.open(&self.own()).await? else { return Ok(()) };
        let call = sqlx::query(sql::LEASE_RELEASE).bind(partition.index()).bind(epoch.cast_signed());
        call.execute(&mut db).await.map_err(failed)?;
        Ok(())
    }
}

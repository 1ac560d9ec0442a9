//! Leases of workers with effects outside the database, by the database's clock.

use std::time::Duration;

use es_core::projection::{Claim, Claimed, Partition, Projection, ProjectorError};
use es_core::reactor::CheckpointStore;
use sqlx::{PgConnection, Row};

use super::target::PostgresTarget;
use super::values::kept;
use crate::connect::call::rows_kept;
use crate::connect::columns::claimed;
use crate::connect::failure::unexpected;
use crate::store::PostgresStore;

impl CheckpointStore for PostgresStore {
    type Model = PgConnection;
    type Target<P: Projection<Model = PgConnection>> = PostgresTarget<P>;

    fn checkpoint_target<P: Projection<Model = PgConnection>>(&self) -> PostgresTarget<P> {
        PostgresTarget::for_own_events(self)
    }

    fn checkpoint_target_elsewhere<P: Projection<Model = PgConnection>>(&self) -> PostgresTarget<P> {
        PostgresTarget::new(self.clone())
    }
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn claim_partition(
        &self,
        partition: Partition,
        claim: &Claim<'_>,
    ) -> Result<Claimed, ProjectorError> {
        let call = self.statements().checkpoint_claim.call().bind(P::NAME).bind(self.build());
        let call = call.bind(partition.index().cast_signed()).bind(partition.of().cast_signed());
        let call = call.bind(kept(claim.owner)).bind(claim.lasts.as_secs_f64());
        let call = call.bind(claim.held.map(u64::cast_signed));
        let found = rows_kept(self.store.pool(), call).await?;
        let Some(row) = found.first() else {
            // Returns the right error if the partition does not exist.
            self.read_checkpoint(partition).await?;
            return Ok(Claimed::Taken { rest: Duration::ZERO });
        };
        Ok(match row.try_get::<Option<i64>, _>(claimed::EPOCH).map_err(unexpected)? {
            Some(epoch) => Claimed::Lease { epoch: epoch.cast_unsigned() },
            None => {
                let rest = row.try_get(claimed::REST).map_err(unexpected)?;
                Claimed::Taken { rest: Duration::try_from_secs_f64(rest).unwrap_or_default() }
            }
        })
    }

    pub(super) async fn release_partition(
        &self,
        partition: Partition,
        epoch: u64,
    ) -> Result<(), ProjectorError> {
        let call = self.statements().checkpoint_release.call().bind(P::NAME).bind(self.build());
        let call = call.bind(partition.index().cast_signed()).bind(epoch.cast_signed());
        rows_kept(self.store.pool(), call).await?;
        Ok(())
    }
}

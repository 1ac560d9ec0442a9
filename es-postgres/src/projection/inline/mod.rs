//! Inline projections: events and read model are committed in one transaction.

mod model;
mod store;
mod together;

use std::sync::Arc;

use es_core::projection::{Projection, ProjectorError};
use es_core::store::{AppendIn, ReadAll};
use sqlx::PgConnection;

use super::error::PostgresTargetError;
use super::partitions::INLINE;
use super::projector::Projector;
use super::target::{EventLocation, PostgresTarget};
use super::transaction::{COMMIT, sql, standstill};
use crate::connect::failure::Failure;
use crate::connect::pool::Pool;
use crate::store::PostgresStore;

/// Undoes an append and its changes to the model.
const UNDO: &str = "ROLLBACK TO SAVEPOINT es_inline";

/// A store that runs a projection in the transaction of each append; created by
/// [`PostgresProjector::inline`](crate::PostgresProjector::inline).
///
/// Readers of the model see every event that was appended before. The price: an append is a transaction of
/// several round trips, it waits for rows of the model that others are changing, and an event that cannot be
/// projected cannot be appended. `append_in` and `load_in` work as usual, in the caller's transaction.
///
/// ```no_run
/// # use es_core::projection::Projection;
/// # use es_core::Aggregate;
/// # use es_postgres::{PostgresProjector, PostgresStore, Projector, ProjectorError};
/// # async fn open<Account: Aggregate, Balances: Projection<Model = sqlx::PgConnection>>(
/// #     store: PostgresStore, balances: Balances) -> Result<(), ProjectorError> {
/// let store = Projector::new(store, balances).inline().await?;
/// let accounts = es_core::Repository::<Account, _>::new(store);
/// # drop(accounts);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Inline<P, S = PostgresStore> {
    target: PostgresTarget<P>,
    projection: Arc<P>,
    store: S,
}

impl<P, S: Clone> Clone for Inline<P, S> {
    fn clone(&self) -> Self {
        Self {
            target: self.target.clone(),
            projection: Arc::clone(&self.projection),
            store: self.store.clone(),
        }
    }
}

impl<P: Projection<Model = PgConnection>> Inline<P> {
    /// See [`PostgresProjector::inline`](crate::PostgresProjector::inline).
    pub(super) async fn open(projector: Projector<P>) -> Result<Self, ProjectorError> {
        let projector = projector.partitions(1);
        let target = projector.model_target().clone();
        if target.place() != EventLocation::SameDatabase {
            return Err(PostgresTargetError::NotBeside { projection: P::NAME, build: P::BUILD }.into());
        }
        match projector.prepare().await {
            Ok(()) => {
                projector.catch_up().await?;
                target.turn_inline().await?;
            }
            Err(ProjectorError::PartitionsDiffer { found: INLINE, .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(Self { store: projector.source().clone(), projection: projector.projection(), target })
    }
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    async fn turn_inline(&self) -> Result<(), ProjectorError> {
        let mut session = self.dial().await?;
        let db = &mut session.connection;
        let work = async {
            sql(db, format!("BEGIN; {}; {}", standstill(self), self.lock_timeout())).await?;
            let partitions = self.hold_partitions(db).await?;
            let (head, reached) =
                (self.store.end().await?, partitions.first().map(|partition| partition.checkpoint));
            if reached != Some(head) {
                let lowest = reached.unwrap_or_default().position();
                let highest = head.position();
                return Err(ProjectorError::PartitionsUneven {
                    projection: P::NAME,
                    build: P::BUILD,
                    lowest,
                    highest,
                });
            }
            let call = self.statements().checkpoint_inline.call().bind(P::NAME).bind(self.build());
            call.execute(&mut *db).await.map_err(Failure::from)?;
            sql(db, COMMIT.to_owned()).await?;
            Ok(())
        };
        self.limited("turning inline", session.backend, work).await
    }
}

impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> Inline<P, S> {
    /// The same with another inline projection in addition.
    ///
    /// # Errors
    ///
    /// As [`PostgresProjector::inline`](crate::PostgresProjector::inline).
    pub async fn and<Q: Projection<Model = PgConnection>>(
        self,
        other: Projector<Q>,
    ) -> Result<Inline<Q, Self>, ProjectorError> {
        let Inline { target, projection, store: _ } = Inline::open(other).await?;
        Ok(Inline { target, projection, store: self })
    }

    fn pool(&self) -> &Arc<Pool> {
        self.target.store.pool()
    }
}

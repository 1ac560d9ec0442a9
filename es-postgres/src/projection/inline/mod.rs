//! A projection in the transactions of appends: events and read model are committed together.

mod model;
mod store;
mod together;

use std::sync::Arc;

use es_core::{AppendIn, Projection, ReadAll};
use sqlx::PgConnection;

use super::batch::{COMMIT, standstill};
use super::error::ProjectorError;
use super::projector::Projector;
use super::setup::{INLINE, sql};
use super::target::Target;
use crate::connect::pool::Pool;
use crate::store::PostgresStore;

/// Undoes an append and what it did to the model.
const UNDO: &str = "ROLLBACK TO SAVEPOINT es_inline";

/// A store that runs a projection in the transaction of each append; made by [`Projector::inline`].
///
/// Whoever reads the model sees every event that was appended before. The price: an append is a transaction
/// of several round trips, it waits for the rows of the model that others are changing, and an event that
/// cannot be projected cannot be appended. `append_in` and `load_in` work as ever, in the caller's
/// transaction.
///
/// ```no_run
/// # use es_core::{Aggregate, Projection};
/// # use es_postgres::{PostgresStore, Projector, ProjectorError};
/// # async fn open<Account: Aggregate, Balances: Projection<Model = sqlx::PgConnection>>(
/// #     store: PostgresStore, balances: Balances) -> Result<(), ProjectorError> {
/// let store = Projector::new(store, balances).inline().await?;
/// let accounts = es_core::Repository::<Account, _>::new(store);
/// # drop(accounts);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Inline<P, S = PostgresStore> {
    target: Target<P>,
    store: S,
}

impl<P, S: Clone> Clone for Inline<P, S> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), store: self.store.clone() }
    }
}

impl<P: Projection<Model = PgConnection>> Projector<P> {
    /// A store that runs this projection in the transaction of each append. The events that are there already
    /// are projected first, and then the projection is inline for good, until
    /// [`repartition`](Self::repartition).
    ///
    /// From then on every program appends through such a store: an append that does not is missing from the
    /// model.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; [`ProjectorError::Uneven`] when other programs append all the while.
    pub async fn inline(mut self) -> Result<Inline<P>, ProjectorError> {
        self.target.options.parts = 1;
        match self.target.prepare().await {
            Ok(()) => {
                self.catch_up().await?;
                self.target.turn_inline().await?;
            }
            Err(ProjectorError::Parts { found: INLINE, .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(Inline { store: self.target.store.clone(), target: self.target })
    }
}

impl<P: Projection<Model = PgConnection>> Target<P> {
    async fn turn_inline(&self) -> Result<(), ProjectorError> {
        let mut session = self.session().await?;
        let db = &mut session.connection;
        let work = async {
            sql(db, format!("BEGIN; {}; {}", standstill(self), self.lock_timeout())).await?;
            let parts = self.hold_parts(db).await?;
            let (head, reached) = (self.store.head().await?, parts.first().map(|part| part.checkpoint));
            if reached != Some(head) {
                let lowest = reached.unwrap_or_default().position();
                let highest = head.position();
                return Err(ProjectorError::Uneven { projection: P::NAME, rev: P::REV, lowest, highest });
            }
            let call = self.statements().checkpoint_inline.call().bind(P::NAME).bind(self.rev());
            call.execute(&mut *db).await?;
            sql(db, COMMIT.to_owned()).await?;
            Ok(())
        };
        self.limited("turning inline", session.backend, work).await
    }
}

impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> Inline<P, S> {
    /// The same, with another projection beside this one.
    ///
    /// # Errors
    ///
    /// As [`Projector::inline`].
    pub async fn and<Q: Projection<Model = PgConnection>>(
        self,
        other: Projector<Q>,
    ) -> Result<Inline<Q, Self>, ProjectorError> {
        Ok(Inline { target: other.inline().await?.target, store: self })
    }

    fn pool(&self) -> &Arc<Pool> {
        self.target.store.pool()
    }
}

//! What only a projector into PostgreSQL can do.

use std::time::Duration;

use es_core::projection::{Projection, ProjectorError};
use sqlx::PgConnection;

use super::inline::Inline;
use super::projector::Projector;

/// What a [`Projector`] into PostgreSQL can do beside what every other one can.
///
/// ```no_run
/// # use es_core::projection::Projection;
/// # use es_postgres::{PostgresStore, Projector, ProjectorError};
/// use es_postgres::PostgresProjector;
///
/// # async fn run<Balances: Projection<Model = sqlx::PgConnection>>(
/// #     store: PostgresStore, balances: Balances) -> Result<(), ProjectorError> {
/// Projector::new(store, balances).search_in("public").run().await?;
/// # Ok(()) }
/// ```
pub trait PostgresProjector: Sized {
    /// The projection.
    type Projection: Projection<Model = PgConnection>;

    /// How long a handler, or the set-up, may leave the connection alone within its transaction, before the
    /// server ends that, as it would be of a program which has died; defaults to 10 seconds.
    #[must_use = "nothing is projected before `run` or `catch_up`"]
    fn standstill(self, longest: Duration) -> Self;

    /// One more schema in which names in the projection's SQL are looked up, after its own and those that
    /// were added before; defaults to none. For the functions, types and operators of extensions, as
    /// `search_in("public")` where they were created there.
    ///
    /// Tables are found there as well: where one of the projection's own is missing, another one of that name
    /// takes its rows. Whoever may create objects in that schema can put functions in the place of others.
    #[must_use = "nothing is projected before `run` or `catch_up`"]
    fn search_in(self, schema: &str) -> Self;

    /// A store that runs this projection in the transaction of each append. The events that are there already
    /// are projected first, and then the projection is inline for good, until
    /// [`repartition`](es_core::projection::Projector::repartition).
    ///
    /// From then on every program appends through such a store: an append that does not is missing from the
    /// model.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; [`ProjectorError::PartitionsUneven`] when other programs append all the while.
    fn inline(self) -> impl Future<Output = Result<Inline<Self::Projection>, ProjectorError>> + Send;
}

impl<P: Projection<Model = PgConnection>> PostgresProjector for Projector<P> {
    type Projection = P;

    fn standstill(self, longest: Duration) -> Self {
        self.target(|target| target.standstill(longest))
    }

    fn search_in(self, schema: &str) -> Self {
        self.target(|target| target.search_in(schema))
    }

    async fn inline(self) -> Result<Inline<P>, ProjectorError> {
        Inline::open(self).await
    }
}

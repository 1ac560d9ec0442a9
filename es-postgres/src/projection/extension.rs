//! Methods of projectors that only PostgreSQL has.

use std::time::Duration;

use es_core::projection::{Projection, ProjectorError};
use sqlx::PgConnection;

use super::inline::Inline;
use super::projector::Projector;

/// Additional methods of a [`Projector`] into PostgreSQL. It cannot be implemented for other types.
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
pub trait PostgresProjector: Sized + sealed::Sealed {
    /// The projection.
    type Projection: Projection<Model = PgConnection>;

    /// The `idle_in_transaction_session_timeout` of a handler or the set-up: after this time without a
    /// statement the server ends the transaction, in case the program has died. Defaults to 10 seconds.
    #[must_use = "nothing is projected before `run` or `catch_up`"]
    fn standstill(self, longest: Duration) -> Self;

    /// Adds a schema to the `search_path` of the projection's SQL, after its own and those added before.
    /// Defaults to none. It is meant for the functions, types and operators of extensions:
    /// `search_in("public")` if they were created there.
    ///
    /// Tables are found there as well: if one of the projection's own is missing, another one of that name
    /// gets its rows. A role that may create objects in that schema can replace functions that the projection
    /// uses.
    #[must_use = "nothing is projected before `run` or `catch_up`"]
    fn search_in(self, schema: &str) -> Self;

    /// Returns a store that runs this projection in the transaction of each append. Existing events are
    /// projected first; then the projection stays inline until
    /// [`repartition`](es_core::projection::Projector::repartition).
    ///
    /// From then on every program must append through such a store: other appends are missing from the model.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; [`ProjectorError::PartitionsUneven`] if other programs keep appending.
    fn inline(self) -> impl Future<Output = Result<Inline<Self::Projection>, ProjectorError>> + Send;
}

mod sealed {
    use es_core::projection::Projection;
    use sqlx::PgConnection;

    use super::super::projector::Projector;

    pub trait Sealed {}

    impl<P: Projection<Model = PgConnection>> Sealed for Projector<P> {}
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

//! The projector into PostgreSQL.

use super::target::PostgresTarget;
use crate::store::PostgresStore;

/// Runs a projection into tables of a PostgreSQL database: each event takes effect exactly once.
///
/// The model is a [`PgConnection`](sqlx::PgConnection) in the transaction that moves the checkpoint. A
/// handler executes its SQL on it; `connection.begin()` creates a savepoint, and a COMMIT or ROLLBACK of its
/// own stops the projector with [`TransactionEnded`](crate::PostgresTargetError::TransactionEnded). SQL names
/// tables without a schema: each build has its own schema, such as `es_balances_1`, which is the whole
/// `search_path` ([`search_in`](crate::PostgresProjector::search_in) adds others). Readers use a schema of
/// views, `es_balances`.
///
/// [`publish`](es_core::projection::Projector::publish) points those views to the tables of a build. A view
/// whose columns change is created again, and loses its privileges: grant them with ALTER DEFAULT PRIVILEGES
/// IN SCHEMA. Columns added at the end do not affect objects that depend on the view. Other objects in that
/// schema are left alone.
///
/// ```no_run
/// # use es_core::projection::{Project, ProjectSetup, Projection};
/// # use es_core::record::BoxError;
/// # use es_core::{Recorded, event};
/// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
/// use es_postgres::{PostgresStore, Projector};
/// use sqlx::{Executor, PgConnection};
///
/// #[derive(Projection)]
/// #[projection(name = "balances", events(Deposited), model = PgConnection, error = sqlx::Error, setup)]
/// struct Balances;
///
/// impl ProjectSetup for Balances {
///     async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
///         db.execute("CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL)").await?;
///         Ok(())
///     }
/// }
///
/// impl Project<Deposited> for Balances {
///     async fn project(
///         &self, event: &Recorded<Deposited>, db: &mut PgConnection,
///     ) -> Result<(), sqlx::Error> {
///         sqlx::query(
///             "INSERT INTO balances VALUES ($1, $2)
///              ON CONFLICT (account) DO UPDATE SET cents = balances.cents + excluded.cents",
///         )
///         .bind(event.stream.key())
///         .bind(event.event.cents)
///         .execute(db)
///         .await?;
///         Ok(())
///     }
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::migrate("postgres://localhost/shop").await?;
/// Projector::new(store, Balances).run().await?;
/// # Ok(()) }
/// ```
///
/// It is the [`Projector`](es_core::projection::Projector) of `es-core` with a [`PostgresTarget`]; methods
/// that only PostgreSQL has are in [`PostgresProjector`](crate::PostgresProjector).
pub type Projector<P, S = PostgresStore> = es_core::projection::Projector<P, S, PostgresTarget<P>>;

//! A database in which read models are kept.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use es_core::projection::Projection;
use sqlx::PgConnection;

use super::values::kept;
use crate::connect::error::ConnectError;
use crate::connect::statements::Statements;
use crate::store::PostgresStore;

/// Keeps the read model of a projection in tables of a PostgreSQL database, with its checkpoints and dead
/// letters.
///
/// [`Projector::new`](crate::Projector) takes the database of the events. Where those are elsewhere, in
/// another database, in a file or in memory, [`connect`](Self::connect), [`migrate`](Self::migrate) or
/// [`new`](Self::new) make the target that
/// [`into_target`](es_core::projection::Projector::into_target) takes.
///
/// The model is a [`PgConnection`] in the transaction that moves the checkpoint. Handlers run their SQL on
/// it; `connection.begin()` nests by a savepoint, and a COMMIT or ROLLBACK of their own stops the projector
/// with [`PostgresTargetError::TransactionEnded`](crate::PostgresTargetError::TransactionEnded). Tables are
/// named without a schema: each build has its own, `es_balances_1`, in which alone names are looked up
/// ([`search_in`](Self::search_in) adds others), and what readers use is a schema of views, `es_balances`.
pub struct PostgresTarget<P> {
    pub(super) store: PostgresStore,
    place: Place,
    options: Arc<Options>,
    projection: PhantomData<fn() -> P>,
}

/// Where the events of a read model are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the tables beside it.
    Beside,
    /// In another store: nothing in `events` and `streams` beside it is theirs.
    Elsewhere,
}

impl From<bool> for Place {
    /// As the column `elsewhere` says it.
    fn from(elsewhere: bool) -> Self {
        if elsewhere { Self::Elsewhere } else { Self::Beside }
    }
}

#[derive(Debug, Clone)]
struct Options {
    standstill: Duration,
    search_in: Vec<String>,
}

impl<P> Clone for PostgresTarget<P> {
    fn clone(&self) -> Self {
        let (store, options) = (self.store.clone(), Arc::clone(&self.options));
        Self { store, place: self.place, options, projection: PhantomData }
    }
}

impl<P> PostgresTarget<P> {
    /// Keeps read models of events that are elsewhere in a database that was opened as a store is: with its
    /// limits, deadlines, poolers and schema, and with its tables, made by
    /// [`PostgresOptions::migrate`](crate::PostgresOptions::migrate). The targets of several projections
    /// share the connections of one store.
    ///
    /// Events in that database are never looked at: there may be none, or those of another service. A build
    /// is of one source, and refuses another one with
    /// [`ForeignSource`](crate::PostgresTargetError::ForeignSource), the events beside it among them; of two
    /// services whose projections have the same name, one takes another
    /// [`schema`](crate::PostgresOptions::schema).
    ///
    /// ```no_run
    /// # use es_core::projection::Projection;
    /// # async fn open<Balances>() -> Result<(), es_postgres::ConnectError>
    /// # where Balances: Projection<Model = sqlx::PgConnection> {
    /// use es_postgres::{PostgresStore, PostgresTarget};
    ///
    /// let options = PostgresStore::options("postgres://reports/models").schema("shop").connections(4);
    /// let target = PostgresTarget::<Balances>::new(options.migrate().await?);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn new(database: PostgresStore) -> Self {
        Self::placed(database, Place::Elsewhere)
    }

    /// Keeps read models of events that are elsewhere in this database, whose tables are there. See
    /// [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Ok(Self::new(PostgresStore::connect(url).await?))
    }

    /// Makes the tables in this database, or brings them up to date, and then keeps read models of events
    /// there that are elsewhere. See [`new`](Self::new).
    ///
    /// ```no_run
    /// # use es_core::projection::{Projection, Projector, ProjectorError};
    /// # use es_core::store::ReadAll;
    /// # async fn run<Balances, SqliteStore>(store: SqliteStore, balances: Balances)
    /// # -> Result<(), Box<dyn std::error::Error>>
    /// # where Balances: Projection<Model = sqlx::PgConnection>, SqliteStore: ReadAll + Clone + 'static {
    /// use es_postgres::PostgresTarget;
    ///
    /// let target = PostgresTarget::migrate("postgres://reports/models").await?;
    /// Projector::with_target(store, balances, target).run().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn migrate(url: &str) -> Result<Self, ConnectError> {
        Ok(Self::new(PostgresStore::migrate(url).await?))
    }

    /// The database of this store, for its own events.
    pub(super) fn beside(store: &PostgresStore) -> Self {
        Self::placed(store.clone(), Place::Beside)
    }

    fn placed(store: PostgresStore, place: Place) -> Self {
        let options = Options { standstill: Duration::from_secs(10), search_in: Vec::new() };
        Self { store, place, options: Arc::new(options), projection: PhantomData }
    }

    /// How long a handler, or the set-up, may leave the connection alone within its transaction, before the
    /// server ends that, as it would be of a program which has died; defaults to 10 seconds.
    #[must_use]
    pub fn standstill(mut self, longest: Duration) -> Self {
        Arc::make_mut(&mut self.options).standstill = longest;
        self
    }

    /// One more schema in which names in the projection's SQL are looked up, after its own and those that
    /// were added before; defaults to none. For the functions, types and operators of extensions, as
    /// `search_in("public")` where they were created there.
    ///
    /// Tables are found there as well: where one of the projection's own is missing, another one of that name
    /// takes its rows. Whoever may create objects in that schema can put functions in the place of others.
    #[must_use]
    pub fn search_in(mut self, schema: &str) -> Self {
        Arc::make_mut(&mut self.options).search_in.push(kept(schema));
        self
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }

    pub(super) fn statements(&self) -> &Statements {
        &self.store.pool().statements
    }

    pub(super) fn longest_standstill(&self) -> Duration {
        self.options.standstill
    }
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    #[allow(clippy::unused_self, reason = "read together with what does depend on it")]
    pub(super) const fn build(&self) -> i32 {
        P::BUILD.cast_signed()
    }

    /// The schema of this build's tables.
    pub(super) fn own_schema(&self) -> String {
        format!("{}_{}", self.public_schema(), P::BUILD)
    }

    /// The schema of the views that readers use.
    pub(super) fn public_schema(&self) -> String {
        format!("{}_{}", self.store.pool().settings.schema, P::NAME)
    }

    /// Where names in the projection's SQL are looked up. Temporary tables come last: one that a program has
    /// made by chance takes no rows that are meant for the model.
    pub(super) fn search_path(&self) -> String {
        let own = self.own_schema();
        let schemas = std::iter::once(&own).chain(&self.options.search_in);
        let quoted = schemas.map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
        quoted.chain([String::from("pg_temp")]).collect::<Vec<_>>().join(", ")
    }

    /// What has to be mended where a handler uses something that the database lacks.
    pub(super) fn what_to_mend(&self) -> String {
        format!(
            "mend the database, which lacks what the handler uses or does not let this role use it \
             (names are looked up in {}; `search_in` adds schemas)",
            self.search_path()
        )
    }
}

impl<P> fmt::Debug for PostgresTarget<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, place, options, projection: _ } = self;
        f.debug_struct("PostgresTarget")
            .field("store", store)
            .field("events", place)
            .field("options", options)
            .finish()
    }
}

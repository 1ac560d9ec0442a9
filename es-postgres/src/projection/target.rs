//! A database as the target of read models.

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

/// A target that stores the read model of a projection in tables of a PostgreSQL database, with its
/// checkpoints and dead letters.
///
/// [`Projector::new`](crate::Projector) uses the database of the events. If they are stored elsewhere, in
/// another database, in a file or in memory, create a target with [`connect`](Self::connect),
/// [`migrate`](Self::migrate) or [`new`](Self::new), and pass it to
/// [`into_target`](es_core::projection::Projector::into_target).
///
/// The model is a [`PgConnection`] in the transaction that moves the checkpoint. Handlers execute their SQL
/// on it; `connection.begin()` creates a savepoint, and a COMMIT or ROLLBACK of their own stops the projector
/// with [`PostgresTargetError::TransactionEnded`](crate::PostgresTargetError::TransactionEnded). SQL names
/// tables without a schema: each build has its own schema, such as `es_balances_1`, which is the whole
/// `search_path` ([`search_in`](Self::search_in) adds others). Readers use a schema of views, `es_balances`.
pub struct PostgresTarget<P> {
    pub(super) store: PostgresStore,
    place: EventLocation,
    options: Arc<Options>,
    projection: PhantomData<fn() -> P>,
}

/// Where the events of a read model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventLocation {
    /// In the same database.
    SameDatabase,
    /// In another store: `events` and `streams` of this database do not contain them.
    Elsewhere,
}

impl From<bool> for EventLocation {
    /// Converts the column `elsewhere`.
    fn from(elsewhere: bool) -> Self {
        if elsewhere { Self::Elsewhere } else { Self::SameDatabase }
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
    /// A target for events that are stored elsewhere, in a database that is opened like a store: with its
    /// limits, timeouts, poolers and schema, and with the tables that
    /// [`PostgresOptions::migrate`](crate::PostgresOptions::migrate) creates. The targets of several
    /// projections can share the connections of one store.
    ///
    /// Events in that database are never read: there may be none, or those of another service. A build has
    /// one source, and refuses any other one with
    /// [`ForeignSource`](crate::PostgresTargetError::ForeignSource), including the events in its own
    /// database. If projections of two services have the same name, one of them needs a different
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
        Self::placed(database, EventLocation::Elsewhere)
    }

    /// A target for events that are stored elsewhere, in this database, whose tables must exist. See
    /// [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Ok(Self::new(PostgresStore::connect(url).await?))
    }

    /// Creates or migrates the tables in this database, and returns it as a target for events that are stored
    /// elsewhere. See [`new`](Self::new).
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

    /// A target in the database of this store, for its own events.
    pub(super) fn for_own_events(store: &PostgresStore) -> Self {
        Self::placed(store.clone(), EventLocation::SameDatabase)
    }

    fn placed(store: PostgresStore, place: EventLocation) -> Self {
        let options = Options { standstill: Duration::from_secs(10), search_in: Vec::new() };
        Self { store, place, options: Arc::new(options), projection: PhantomData }
    }

    /// The `idle_in_transaction_session_timeout` of a handler or the set-up: after this time without a
    /// statement the server ends the transaction, in case the program has died. Defaults to 10 seconds.
    #[must_use]
    pub fn standstill(mut self, longest: Duration) -> Self {
        Arc::make_mut(&mut self.options).standstill = longest;
        self
    }

    /// Adds a schema to the `search_path` of the projection's SQL, after its own and those added before.
    /// Defaults to none. It is meant for the functions, types and operators of extensions:
    /// `search_in("public")` if they were created there.
    ///
    /// Tables are found there as well: if one of the projection's own is missing, another one of that name
    /// gets its rows. A role that may create objects in that schema can replace functions that the projection
    /// uses.
    #[must_use]
    pub fn search_in(mut self, schema: &str) -> Self {
        Arc::make_mut(&mut self.options).search_in.push(kept(schema));
        self
    }

    pub(super) const fn place(&self) -> EventLocation {
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
    #[allow(clippy::unused_self, reason = "consistent with the getters that depend on `self`")]
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

    /// The `search_path` of the projection's SQL. Temporary tables come last, so that one that happens to
    /// have the same name does not get the model's rows.
    pub(super) fn search_path(&self) -> String {
        let own = self.own_schema();
        let schemas = std::iter::once(&own).chain(&self.options.search_in);
        let quoted = schemas.map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
        quoted.chain([String::from("pg_temp")]).collect::<Vec<_>>().join(", ")
    }

    /// What to fix if a handler uses something that the database lacks.
    pub(super) fn remedy(&self) -> String {
        format!(
            "fix the database, which lacks what the handler uses or does not let this role use it \
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

//! A database in which read models are kept.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use es_core::Projection;
use sqlx::PgConnection;

use super::values::kept;
use crate::connect::statements::Statements;
use crate::store::PostgresStore;

/// Keeps the read model of a projection in tables of a PostgreSQL database, with its checkpoints and dead
/// letters.
///
/// [`Projector::new`](crate::Projector) takes the database of the events.
///
/// The model is a [`PgConnection`] in the transaction that moves the checkpoint. Handlers run their SQL on
/// it; `connection.begin()` nests by a savepoint, and a COMMIT or ROLLBACK of their own stops the projector
/// with [`PostgresTargetError::TransactionEnded`](crate::PostgresTargetError::TransactionEnded). Tables are
/// named without a schema: each revision has its own, `es_balances_1`, in which alone names are looked up
/// ([`search_in`](Self::search_in) adds others), and what readers use is a schema of views, `es_balances`.
pub struct PostgresTarget<P> {
    pub(super) store: PostgresStore,
    options: Arc<Options>,
    projection: PhantomData<fn() -> P>,
}

#[derive(Debug, Clone)]
struct Options {
    standstill: Duration,
    search_in: Vec<String>,
}

impl<P> Clone for PostgresTarget<P> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), options: Arc::clone(&self.options), projection: PhantomData }
    }
}

impl<P> PostgresTarget<P> {
    /// The database of this store.
    pub(super) fn beside(store: &PostgresStore) -> Self {
        let options = Options { standstill: Duration::from_secs(10), search_in: Vec::new() };
        Self { store: store.clone(), options: Arc::new(options), projection: PhantomData }
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

    pub(super) fn statements(&self) -> &Statements {
        &self.store.pool().statements
    }

    pub(super) fn longest_standstill(&self) -> Duration {
        self.options.standstill
    }
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    #[allow(clippy::unused_self, reason = "read together with what does depend on it")]
    pub(super) const fn rev(&self) -> i32 {
        P::REV.cast_signed()
    }

    /// The schema of this revision's tables.
    pub(super) fn own_schema(&self) -> String {
        format!("{}_{}", self.public_schema(), P::REV)
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
        let Self { store, options, projection: _ } = self;
        f.debug_struct("PostgresTarget").field("store", store).field("options", options).finish()
    }
}

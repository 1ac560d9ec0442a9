//! A connection of the store for the caller's own statements.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use es_core::StoreError;
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};
use uuid::Uuid;

use crate::connect::columns::ONLY;
use crate::connect::failure::Failure;
use crate::connect::lease::Lease;
use crate::connect::pool::Pool;

/// A connection from the store's pool for the program's own statements, such as queries of read models or
/// transactions with [`append_in`](es_core::store::AppendIn::append_in); from
/// [`PostgresStore::connection`](crate::PostgresStore::connection). It dereferences to
/// [`sqlx::PgConnection`].
///
/// Dropping it closes it, and the server rolls back what was not committed: no other caller gets an open
/// transaction, a changed setting or a lock. [`give_back`](Self::give_back) returns it to the pool instead.
///
/// ```no_run
/// # async fn report(store: es_postgres::PostgresStore) -> Result<(), Box<dyn std::error::Error>> {
/// use es_postgres::sqlx::{self, Connection};
///
/// let mut connection = store.connection().await?;
/// let mut transaction = connection.begin().await?;
/// sqlx::query("UPDATE es_orders.orders SET seen = true").execute(&mut *transaction).await?;
/// transaction.commit().await?;
/// connection.give_back().await;
/// # Ok(()) }
/// ```
pub struct StoreConnection(Lease);

/// Resets the planner settings of `dial::SESSION`, which are meant for the store's own statements only.
const PLANS: &str = "SET plan_cache_mode = auto; SET enable_seqscan = on; SET enable_bitmapscan = on;
    SET enable_sort = on; SET jit = on";

pub(crate) async fn connection(pool: &Arc<Pool>) -> Result<StoreConnection, StoreError> {
    loop {
        let mut lease = pool.lease_kept().await?;
        if pool.settings.pooler {
            return Ok(StoreConnection(lease));
        }
        let set = raw_sql(PLANS).execute(&mut lease.session.connection);
        match pool.settings.answered(set).await.map_err(Failure::from) {
            Ok(_) => return Ok(StoreConnection(lease)),
            // The session was lost while idle.
            Err(failure) if failure.ends_session() && lease.session.used => {
                pool.invalidate_idle(&mut lease.session);
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

impl StoreConnection {
    /// Returns the connection to the pool in its initial state: settings, roles, advisory locks, temporary
    /// tables, cursors and LISTEN are reset, in two round trips. It is closed instead if it is lost, if it
    /// leads through a transaction pooler, or if a transaction is open on it, which is rolled back.
    pub async fn give_back(mut self) {
        if self.0.pool.settings.pooler {
            return;
        }
        let pool = Arc::clone(&self.0.pool);
        match pool.settings.answered(self.reset()).await {
            Ok(true) => self.0.keep(),
            Ok(false) => {}
            // The others may be lost as well.
            Err(failure) if failure.ends_session() => pool.invalidate_idle(&mut self.0.session),
            Err(failure) => tracing::debug!(%failure, "a connection could not be reset and is closed"),
        }
    }

    /// Resets the session. Returns whether that succeeded.
    async fn reset(&mut self) -> Result<bool, Failure> {
        let token = Uuid::now_v7().simple().to_string();
        let lock_timeout = self.0.session.lock_timeout();
        // The last setting is local to a transaction: if it is still set afterwards, a transaction was open.
        let reset = format!(
            "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SELECT pg_advisory_unlock_all(); CLOSE ALL; \
             UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES; {lock_timeout}; SELECT set_config('es.given_back', \
             '{token}', true)"
        );
        raw_sql(AssertSqlSafe(reset)).execute(&mut **self).await?;
        let ask = raw_sql("SELECT current_setting('es.given_back', true)").fetch_one(&mut **self);
        let left: Option<String> = ask.await?.try_get(ONLY)?;
        Ok(left.as_ref() != Some(&token))
    }
}

impl Deref for StoreConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0.session.connection
    }
}

impl DerefMut for StoreConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0.session.connection
    }
}

impl fmt::Debug for StoreConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConnection").field("pool", &self.0.pool).finish_non_exhaustive()
    }
}

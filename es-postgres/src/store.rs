//! The store as its users see it.

use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use es_core::shape::Fingerprint;

use crate::connect::connection::{self, StoreConnection};
use crate::connect::pool::Pool;
use crate::metrics::StoreMetrics;
use crate::parts::Parts;
use crate::upkeep::open_appends::{self, OpenAppend};
use crate::upkeep::snapshots::{self, SnapshotGroup};
use crate::upkeep::{roles, streams};
use crate::wake::Wake;
#[cfg(test)]
use crate::write::lanes::Lanes;

/// Events in PostgreSQL, version 14 or later. Clones share their connections.
///
/// ```no_run
/// # async fn open() -> Result<(), es_postgres::ConnectError> {
/// use es_postgres::PostgresStore;
///
/// let store = PostgresStore::migrate("postgres://localhost/shop").await?;
/// # Ok(()) }
/// ```
///
/// An append is one statement and one round trip, in READ COMMITTED. When the connection breaks before the
/// answer came, the store itself finds out what became of the append. Dropping the future of an append leaves
/// the events written or not, never in part.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    parts: Arc<Parts>,
}

impl PostgresStore {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { parts: Arc::new(Parts::new(pool)) }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.parts.pool
    }

    pub(crate) fn wake(&self) -> &Wake {
        &self.parts.wake
    }

    #[cfg(test)]
    pub(crate) fn lanes(&self) -> &Arc<Lanes> {
        &self.parts.lanes
    }

    /// Lets a role use this store: read, and append through the functions. It can neither insert, update nor
    /// delete by itself. To be called by the owner of the tables; the same as
    /// `SELECT es.grant_writer('role')`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Setup`] when this store's own role may not grant; [`StoreError::Backend`] when there is
    /// no such role.
    pub async fn grant_writer(&self, role: &str) -> Result<(), StoreError> {
        self.parts.pool.writes()?;
        roles::grant(&self.parts.pool, &self.parts.pool.statements.grant_writer, role).await
    }

    /// Lets a role read this store, and nothing else. To be called by the owner of the tables; the same as
    /// `SELECT es.grant_reader('role')`.
    ///
    /// # Errors
    ///
    /// As [`grant_writer`](Self::grant_writer).
    pub async fn grant_reader(&self, role: &str) -> Result<(), StoreError> {
        self.parts.pool.writes()?;
        roles::grant(&self.parts.pool, &self.parts.pool.statements.grant_reader, role).await
    }

    /// Lets a role run projections: read this store, keep checkpoints and dead letters, and make the schemas
    /// of projections in the database. To be called by the owner of the tables and of the database; the same
    /// as `SELECT es.grant_projector('role')`.
    ///
    /// # Errors
    ///
    /// As [`grant_writer`](Self::grant_writer).
    pub async fn grant_projector(&self, role: &str) -> Result<(), StoreError> {
        self.parts.pool.writes()?;
        roles::grant(&self.parts.pool, &self.parts.pool.statements.grant_projector, role).await
    }

    /// The transactions that have drawn a position and are still open, the oldest first. What was appended
    /// after them is held back from readers of the whole store, so one that stays is a writer that is stuck,
    /// or a transaction that somebody has left open.
    ///
    /// ```no_run
    /// # async fn watch(store: es_postgres::PostgresStore) -> Result<(), es_core::StoreError> {
    /// if let Some(oldest) = store.open_appends().await?.first() {
    ///     println!("{oldest}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the server.
    pub async fn open_appends(&self) -> Result<Vec<OpenAppend>, StoreError> {
        self.parts.pool.writes()?;
        open_appends::list(&self.parts.pool).await
    }

    /// Counts of what has happened in this store and its clones since it was opened, such as appends,
    /// conflicts, lost connections and waits, and what it holds at this moment. It asks no server.
    ///
    /// ```no_run
    /// # fn report(store: &es_postgres::PostgresStore) {
    /// let metrics = store.metrics();
    /// println!("{} of {} sessions were lost", metrics.sessions_lost, metrics.sessions_opened);
    /// # }
    /// ```
    #[must_use]
    pub fn metrics(&self) -> StoreMetrics {
        let (waiting, bytes) = self.parts.lanes.waiting();
        StoreMetrics {
            waiting_appends: waiting as u64,
            waiting_bytes: bytes as u64,
            connections_in_use: self.parts.pool.slots.in_use() as u64,
            ..self.parts.pool.counters.read()
        }
    }

    /// Forgets the outcomes of commands that are older than this, those without events included, and says how
    /// many. Repeating such a command executes it again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the server.
    pub async fn prune_commands(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.parts.pool.writes()?;
        streams::prune_commands(&self.parts.pool, older_than).await
    }

    /// The snapshots in this store, by category and fingerprint. Each generation of a program has its own: a
    /// fingerprint that is none of the running programs', and of which the newest is old, is of no use to
    /// anybody. Reads the whole table.
    ///
    /// ```no_run
    /// # async fn sweep<Account: es_core::Aggregate>(
    /// #     store: es_postgres::PostgresStore,
    /// # ) -> Result<(), es_core::StoreError> {
    /// let mine = Account::snapshots().map(|snapshots| snapshots.fingerprint);
    /// for group in store.snapshots().await? {
    ///     if group.category == Account::NAME && Some(group.fingerprint) != mine {
    ///         let dropped = store.drop_snapshots(group.fingerprint).await?;
    ///         println!("{dropped} snapshots of {}, {} bytes", group.fingerprint, group.bytes);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the server.
    pub async fn snapshots(&self) -> Result<Vec<SnapshotGroup>, StoreError> {
        snapshots::list(&self.parts.pool).await
    }

    /// Drops the snapshots of a fingerprint, and says how many there were. That loses nothing: a program that
    /// still uses them folds the streams again, and takes new ones.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the server.
    pub async fn drop_snapshots(&self, fingerprint: Fingerprint) -> Result<u64, StoreError> {
        self.parts.pool.writes()?;
        snapshots::drop_all(&self.parts.pool, fingerprint).await
    }

    /// One of the store's connections for statements of the caller, such as queries of read models; waits,
    /// for [`longest_connection_wait`] at most, while half of the [`connections`] are kept by callers, or by
    /// appends that wait for locks.
    ///
    /// It is a session of the role in the URL, which waits for a lock as long as [`longest_lock_wait`] says.
    /// Set what you need otherwise; all of it is reset by [`give_back`](StoreConnection::give_back).
    ///
    /// [`longest_connection_wait`]: crate::PostgresOptions::longest_connection_wait
    /// [`connections`]: crate::PostgresOptions::connections
    /// [`longest_lock_wait`]: crate::PostgresOptions::longest_lock_wait
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], with a [`PoolTimeout`](crate::PoolTimeout) if none became free in time.
    pub async fn connection(&self) -> Result<StoreConnection, StoreError> {
        connection::connection(&self.parts.pool).await
    }

    /// Waits for the calls under way, then closes all connections. Later calls, of clones too, are
    /// [`StoreError::Closed`], and subscriptions end with it.
    ///
    /// It waits for as long as `patience`, `longest_lock_wait` and `answer_within` come to together at most.
    /// By then each call has ended, but for one whose future nobody polls, or a [`StoreConnection`] that
    /// somebody keeps: those are left behind.
    pub async fn close(&self) {
        self.parts.close().await;
    }
}

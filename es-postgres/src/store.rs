//! The public store type.

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

/// An event store in PostgreSQL, version 14 or later. Clones share their connections.
///
/// ```no_run
/// # async fn open() -> Result<(), es_postgres::ConnectError> {
/// use es_postgres::PostgresStore;
///
/// let store = PostgresStore::migrate("postgres://localhost/shop").await?;
/// # Ok(()) }
/// ```
///
/// An append is one statement and one round trip, in READ COMMITTED. If the connection breaks before the
/// answer arrives, the store finds the outcome of the append itself. If the future of an append is dropped,
/// its events are stored all or not at all.
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
    /// delete directly. Call it as the owner of the tables; it is the same as `SELECT
    /// es.grant_writer('role')`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Setup`] when this store's own role may not grant; [`StoreError::Backend`] when there is
    /// no such role.
    pub async fn grant_writer(&self, role: &str) -> Result<(), StoreError> {
        self.parts.pool.writes()?;
        roles::grant(&self.parts.pool, &self.parts.pool.statements.grant_writer, role).await
    }

    /// Lets a role read this store, and nothing else. Call it as the owner of the tables; it is the same as
    /// `SELECT es.grant_reader('role')`.
    ///
    /// # Errors
    ///
    /// As [`grant_writer`](Self::grant_writer).
    pub async fn grant_reader(&self, role: &str) -> Result<(), StoreError> {
        self.parts.pool.writes()?;
        roles::grant(&self.parts.pool, &self.parts.pool.statements.grant_reader, role).await
    }

    /// Lets a role run projections: read this store, store checkpoints and dead letters, and create the
    /// schemas of projections in the database. Call it as the owner of the tables and of the database; it is
    /// the same as `SELECT es.grant_projector('role')`.
    ///
    /// # Errors
    ///
    /// As [`grant_writer`](Self::grant_writer).
    pub async fn grant_projector(&self, role: &str) -> Result<(), StoreError> {
        self.parts.pool.writes()?;
        roles::grant(&self.parts.pool, &self.parts.pool.statements.grant_projector, role).await
    }

    /// The transactions that have drawn a position and are still open, the oldest first. Readers of the whole
    /// store do not get events appended after them, so one that stays is a stuck writer, or a transaction
    /// that was left open.
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

    /// Counters of this store and its clones since it was opened, such as appends, conflicts, lost
    /// connections and waits, and gauges of its current state. It does not query the server.
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

    /// Removes the outcomes of commands that are older than this from the command ledger, including those
    /// without events, and returns their number. Repeating such a command executes it again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the server.
    pub async fn prune_commands(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.parts.pool.writes()?;
        streams::prune_commands(&self.parts.pool, older_than).await
    }

    /// The snapshots in this store, by category and fingerprint. Each generation of a program has a
    /// fingerprint of its own: snapshots of one that no running program has, and whose newest is old, are no
    /// longer used. Reads the whole table.
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

    /// Deletes the snapshots of a fingerprint, and returns their number. Nothing is lost: a program that
    /// still uses them folds the streams again, and takes new ones.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the server.
    pub async fn drop_snapshots(&self, fingerprint: Fingerprint) -> Result<u64, StoreError> {
        self.parts.pool.writes()?;
        snapshots::drop_all(&self.parts.pool, fingerprint).await
    }

    /// Lends one of the store's connections for the caller's statements, such as queries of read models;
    /// waits, for [`longest_connection_wait`] at most, while half of the [`connections`] are held by callers,
    /// or by appends that wait for locks.
    ///
    /// It is a session of the role in the URL, with [`longest_lock_wait`] as its `lock_timeout`. You may
    /// change its settings; [`give_back`](StoreConnection::give_back) resets them.
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

    /// Waits for running calls, then closes all connections. Later calls, also of clones, fail with
    /// [`StoreError::Closed`], and so do subscriptions.
    ///
    /// It waits at most the sum of `patience`, `longest_lock_wait` and `answer_within`. By then each call has
    /// ended, except one whose future is not polled, or a [`StoreConnection`] that is still held: those are
    /// left behind.
    pub async fn close(&self) {
        self.parts.close().await;
    }
}

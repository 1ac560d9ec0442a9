//! The store as its users see it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use es_core::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Catalogue, Checkpoint, Decision, EventStore, Find,
    Fingerprint, Limits, Listener, Load, LoadSink, NewSnapshot, Remembered, Revision, Sink, StoreError,
    StreamHead, StreamId, StreamRange, StreamSummary, Submitted,
};
use sqlx::PgConnection;
use tracing::{Instrument, debug_span};

use crate::connect::connection::{self, StoreConnection};
use crate::connect::names::{Rename, Said};
use crate::connect::pool::Pool;
use crate::metrics::StoreMetrics;
use crate::parts::Parts;
use crate::read::{find, load, stream};
use crate::upkeep::open_appends::{self, OpenAppend};
use crate::upkeep::snapshots::{self, SnapshotGroup};
use crate::upkeep::{roles, streams};
use crate::wake::Wake;
#[cfg(test)]
use crate::write::lanes::Lanes;
use crate::write::{one, remember, several};

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

    /// Whoever asks for the outcome of a command acknowledges it, which takes a write: see `load.sql`.
    fn may_answer(&self, load: Load<'_>) -> Result<(), StoreError> {
        if load.command_id.is_some() { self.parts.pool.writes() } else { Ok(()) }
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

#[async_trait]
impl EventStore for PostgresStore {
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.parts.pool.writes()?;
        let span = debug_span!("append", stream = %append.stream, expected = %append.expected, events = append.events.len());
        let outcome = self.parts.lanes.append(append).instrument(span).await;
        self.parts.pool.counters.append(append.events.len(), outcome.as_ref().ok());
        outcome
    }

    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        self.parts.pool.writes()?;
        let span = debug_span!("append", stream = %append.stream, expected = %append.expected, events = append.events.len());
        let submitted = self.parts.lanes.submit(append).instrument(span.clone()).await?;
        let (counters, events) = (Arc::clone(&self.parts.pool.counters), append.events.len());
        let submitted = async move {
            let outcome = submitted.await;
            counters.append(events, outcome.as_ref().ok());
            outcome
        };
        Ok(Box::pin(submitted.instrument(span)))
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        self.parts.pool.writes()?;
        let events: usize = appends.iter().map(|append| append.events.len()).sum();
        let span = debug_span!("append_all", streams = appends.len(), events);
        let outcomes = several::append_all(&self.parts.pool, appends).instrument(span).await;
        for (append, outcome) in appends.iter().zip(outcomes.iter().flatten()) {
            self.parts.pool.counters.append(append.events.len(), Some(outcome));
        }
        self.parts.wake.appended();
        outcomes
    }

    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        self.parts.pool.writes()?;
        let span = debug_span!("remember", stream = %decision.stream, revision = %decision.revision);
        remember::remember(&self.parts.pool, decision).instrument(span).await
    }

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.may_answer(load)?;
        let span = debug_span!("load", stream = %load.stream, after = %load.after, up_to = %load.up_to);
        load::load(&self.parts.pool, load, sink).instrument(span).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError> {
        let span = debug_span!("read_stream", %stream, from = %range.from, to = %range.to);
        stream::read_stream(&self.parts.pool, stream, range, sink).instrument(span).await
    }

    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        let span = debug_span!("read_all", after = %query.after.position(), limit = query.limit);
        self.parts.all.page(query, sink).instrument(span).await
    }

    async fn head(&self) -> Result<Checkpoint, StoreError> {
        self.parts.all.head().await
    }

    fn listen(&self) -> Listener {
        self.parts.wake.listen()
    }

    fn limits(&self) -> Limits {
        self.parts.pool.settings.limits
    }

    async fn list_streams(
        &self,
        category: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StreamSummary>, StoreError> {
        streams::list(&self.parts.pool, category, "", after, limit).await
    }

    async fn list_streams_with_prefix(
        &self,
        category: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StreamSummary>, StoreError> {
        streams::list(&self.parts.pool, category, prefix, after, limit).await
    }

    async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
        find::find(&self.parts.pool, what, sink).instrument(debug_span!("find", ?what)).await
    }

    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
        self.parts.pool.writes()?;
        streams::close(&self.parts.pool, stream, expected).await
    }

    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
        self.parts.pool.writes()?;
        let span = debug_span!("save_snapshot", stream = %snapshot.stream, revision = %snapshot.revision);
        snapshots::save(&self.parts.pool, &snapshot).instrument(span).await
    }

    async fn register(&self, catalogue: &Catalogue) -> Result<(), StoreError> {
        self.parts.pool.say(Said::Events(catalogue.into())).await
    }

    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
        was.iter().copied().chain([name]).try_for_each(StreamId::check_category)?;
        let was = was.iter().map(|was| (*was).to_owned()).collect();
        self.parts.pool.say(Said::Rename(Rename { name: name.to_owned(), was })).await
    }
}

#[async_trait]
impl AppendIn<PgConnection> for PostgresStore {
    async fn append_in(
        &self,
        tx: &mut PgConnection,
        append: Append<'_>,
    ) -> Result<AppendOutcome, StoreError> {
        self.parts.pool.writes()?;
        let span = debug_span!("append_in", stream = %append.stream, expected = %append.expected, events = append.events.len());
        let outcome = one::append_in(&self.parts.pool, tx, append).instrument(span).await;
        self.parts.pool.counters.append(append.events.len(), outcome.as_ref().ok());
        // Readers that look now find that an append is open, and look again until it has ended.
        self.parts.wake.appended();
        outcome
    }

    async fn load_in(
        &self,
        tx: &mut PgConnection,
        load: Load<'_>,
        sink: LoadSink<'_>,
    ) -> Result<StreamHead, StoreError> {
        self.may_answer(load)?;
        let span = debug_span!("load_in", stream = %load.stream, after = %load.after, up_to = %load.up_to);
        load::load_in(&self.parts.pool, tx, load, sink).instrument(span).await
    }

    async fn remember_in(
        &self,
        tx: &mut PgConnection,
        decision: Decision<'_>,
    ) -> Result<Remembered, StoreError> {
        self.parts.pool.writes()?;
        let span = debug_span!("remember_in", stream = %decision.stream, revision = %decision.revision);
        remember::remember_in(&self.parts.pool, tx, decision).instrument(span).await
    }
}

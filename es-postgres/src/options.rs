//! The options of a store.

use std::fmt;
use std::time::Duration;

use es_core::store::Limits;

use crate::connect::settings::LONGEST_TIMEOUT;

/// Options for opening a [`PostgresStore`](crate::PostgresStore); created by
/// [`PostgresStore::options`](crate::PostgresStore::options).
///
/// ```no_run
/// # async fn open() -> Result<(), es_postgres::ConnectError> {
/// use es_postgres::PostgresStore;
///
/// let options = PostgresStore::options("postgres://localhost/shop").schema("orders").connections(8);
/// let store = options.connect().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened before `connect` or `migrate`"]
pub struct PostgresOptions {
    pub(crate) url: String,
    pub(crate) schema: String,
    pub(crate) connections: u32,
    pub(crate) limits: Limits,
    pub(crate) pooler: bool,
    pub(crate) patience: Duration,
    pub(crate) append_lock_timeout: Duration,
    pub(crate) longest_lock_wait: Duration,
    pub(crate) longest_connection_wait: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) shared_page_bytes: usize,
    pub(crate) waiting_bytes: usize,
    pub(crate) answer_within: Duration,
    pub(crate) gone_after: Duration,
    pub(crate) notify: bool,
    pub(crate) direct: Option<String>,
    pub(crate) read_only: bool,
}

impl PostgresOptions {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            schema: String::from("es"),
            connections: 16,
            limits: Limits::default(),
            pooler: false,
            patience: Duration::from_secs(30),
            append_lock_timeout: Duration::from_millis(50),
            longest_lock_wait: Duration::from_secs(10),
            longest_connection_wait: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(600),
            shared_page_bytes: 1 << 20,
            waiting_bytes: 64 << 20,
            answer_within: Duration::from_secs(30),
            gone_after: Duration::from_secs(60),
            notify: true,
            direct: None,
            read_only: false,
        }
    }

    /// The schema of the tables. Defaults to `es`. Each schema is a store of its own.
    pub fn schema(mut self, name: &str) -> Self {
        name.clone_into(&mut self.schema);
        self
    }

    /// The maximum number of pooled connections, opened on demand. Defaults to 16. Appends have two more of
    /// their own, so that they never wait for reads.
    ///
    /// At most half of them are used by calls that others can keep waiting: appends that wait for locks of
    /// other programs or transactions, and the transactions of inline projections. So some always remain for
    /// reads, including those that the holder of a lock needs to proceed. A store with one connection opens a
    /// second one for calls that wait.
    pub fn connections(mut self, most: u32) -> Self {
        self.connections = most.max(1);
        self
    }

    /// The size limits of events.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether the URL leads to a transaction pooler, such as `PgBouncer` with `pool_mode = transaction`.
    /// Defaults to no.
    ///
    /// Then nothing is left on a connection, neither settings nor prepared statements, and each call runs in
    /// a transaction of its own, which costs more round trips. Since it cannot be determined behind a pooler
    /// whether a server process is still working, an append whose connection broke is
    /// [`OutcomeUnknown`](es_core::StoreError::OutcomeUnknown) unless its events are found.
    ///
    /// A pooler that is not declared is refused with [`ConnectError::Pooler`], also one in session mode.
    ///
    /// [`ConnectError::Pooler`]: crate::ConnectError::Pooler
    pub fn transaction_pooler(mut self, pooler: bool) -> Self {
        self.pooler = pooler;
        self
    }

    /// How long the store tries to connect to the server, and to find the outcome of an append whose
    /// connection was lost. Defaults to 30 seconds.
    pub fn patience(mut self, longest: Duration) -> Self {
        self.patience = longest.min(LONGEST_TIMEOUT);
        self
    }

    /// The `lock_timeout` on the connections of appends. Defaults to 50 ms. An append that has to wait longer
    /// for a lock of another program or transaction is sent again on one of the other connections, and holds
    /// up no other stream.
    pub fn append_lock_timeout(mut self, longest: Duration) -> Self {
        self.append_lock_timeout = longest;
        self
    }

    /// How long an append, or any other call, waits for a lock of another program or transaction, such as
    /// that of its stream. Defaults to 10 seconds. It also applies to the statements of projections, and to
    /// calls in a transaction of the caller, unless its `lock_timeout` is shorter. An append that waits
    /// behind a held-up one to its stream waits at most half as long again.
    ///
    /// After that, nothing was written, and the call fails with a [`LockTimeout`](crate::LockTimeout) that
    /// names the lock's holders, or, if so many calls wait that it got no connection, with a
    /// [`PoolTimeout`](crate::PoolTimeout). Retrying can help. A repository leaves that to its caller if this
    /// time is at least as long as its [`Retry::within`](es_core::Retry::within), as it is by default.
    pub fn longest_lock_wait(mut self, longest: Duration) -> Self {
        self.longest_lock_wait = longest;
        self
    }

    /// How long a call waits for one of the [`connections`](Self::connections) while all are in use, and an
    /// append for a place in the queue. Defaults to 30 seconds.
    ///
    /// After that it fails with a [`PoolTimeout`](crate::PoolTimeout) that says how many there are. Retrying
    /// can help.
    pub fn longest_connection_wait(mut self, longest: Duration) -> Self {
        self.longest_connection_wait = longest;
        self
    }

    /// How long an idle connection is kept. Defaults to 10 minutes.
    ///
    /// This is checked whenever a call takes or returns a connection; a store without calls keeps its
    /// connections. A connection that has idled for too long is not used again, but replaced.
    pub fn idle_timeout(mut self, longest: Duration) -> Self {
        self.idle_timeout = longest;
        self
    }

    /// The maximum size, in bytes of payloads and metadata, of the queue of appends that wait because the
    /// server is too slow, or because their stream is locked. Defaults to 64 MiB. Each append counts for at
    /// least 64 KiB, so by default at most 1,024 wait. Appends behind a held-up one to their stream have a
    /// separate limit of half that size.
    ///
    /// Further appends wait for a place, for [`longest_connection_wait`](Self::longest_connection_wait) at
    /// most.
    pub fn waiting_bytes(mut self, most: usize) -> Self {
        self.waiting_bytes = most;
        self
    }

    /// The maximum size, in bytes of payloads and metadata, of a page of the whole store that is kept for
    /// other subscriptions of this program that are about to read the same. Defaults to 1 MiB; a page of more
    /// than 500 events is not kept either. One page is kept for each of at most 16 filters. Each subscription
    /// reads a larger page itself.
    pub fn shared_page_bytes(mut self, most: usize) -> Self {
        self.shared_page_bytes = most;
        self
    }

    /// How long the server may stay silent before its connection counts as lost. Defaults to 30 seconds. It
    /// is the timeout of every answer: of a statement, or, when many rows are read, of the next row. The time
    /// that a statement may wait for locks is added.
    ///
    /// Calls on a silent connection are handled as on any lost connection: the outcome of an append is looked
    /// for, a read is repeated. A connection of the caller is lost together with its transaction, and has to
    /// be dropped.
    pub fn answer_within(mut self, longest: Duration) -> Self {
        self.answer_within = longest;
        self
    }

    /// How long the server keeps the session, and its locks, of a client that disappeared without closing the
    /// connection, such as a machine that lost power; in whole seconds. Defaults to 60 seconds. Zero leaves
    /// it to the server's settings, with which it can take hours.
    ///
    /// It sets `tcp_keepalives_idle`, `tcp_keepalives_interval`, `tcp_keepalives_count` and
    /// `tcp_user_timeout` on each session, but not through a transaction pooler; Unix sockets need none. For
    /// a server that disappeared see [`answer_within`](Self::answer_within).
    pub fn gone_after(mut self, silence: Duration) -> Self {
        self.gone_after = silence;
        self
    }

    /// Whether to notify readers in other processes of appends (LISTEN/NOTIFY). Defaults to yes.
    ///
    /// NOTIFY and LISTEN take one more connection each, opened with the first append and the first
    /// subscription. Without them, readers in other processes only poll.
    pub fn notify(mut self, notify: bool) -> Self {
        self.notify = notify;
        self
    }

    /// The URL of the server itself, if the other one leads to a transaction pooler: used for LISTEN, NOTIFY
    /// and projectors. It may name several hosts as well.
    ///
    /// Projectors refuse a pooler there with [`ConnectError::Pooler`].
    ///
    /// [`ConnectError::Pooler`]: crate::ConnectError::Pooler
    pub fn direct_url(mut self, url: &str) -> Self {
        self.direct = Some(url.to_owned());
        self
    }

    /// Opens the store for reading only, on a standby or the primary; see
    /// [`PostgresStore::read_only`](crate::PostgresStore::read_only).
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// Without the URL, which can hold a password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, connections, limits, pooler, patience, notify, .. } = self;
        f.debug_struct("PostgresOptions")
            .field("schema", schema)
            .field("connections", connections)
            .field("limits", limits)
            .field("transaction_pooler", pooler)
            .field("patience", patience)
            .field("append_lock_timeout", &self.append_lock_timeout)
            .field("longest_lock_wait", &self.longest_lock_wait)
            .field("longest_connection_wait", &self.longest_connection_wait)
            .field("idle_timeout", &self.idle_timeout)
            .field("shared_page_bytes", &self.shared_page_bytes)
            .field("waiting_bytes", &self.waiting_bytes)
            .field("answer_within", &self.answer_within)
            .field("gone_after", &self.gone_after)
            .field("notify", notify)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

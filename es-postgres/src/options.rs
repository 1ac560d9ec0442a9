//! How a store is opened.

use std::fmt;
use std::time::Duration;

use es_core::store::Limits;

use crate::connect::settings::LONGEST_TIMEOUT;

/// How a [`PostgresStore`](crate::PostgresStore) is opened; made by
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
    pub(crate) lock_patience: Duration,
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
            lock_patience: Duration::from_millis(50),
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

    /// The schema that holds the tables; `es` unless said otherwise. One schema is one store.
    pub fn schema(mut self, name: &str) -> Self {
        name.clone_into(&mut self.schema);
        self
    }

    /// How many connections are held at most; defaults to 16. They are opened when they are needed. Appends
    /// have two more of their own, so that they never wait for reads.
    ///
    /// At most half of them are used by what others can keep waiting: appends that wait for locks of other
    /// programs or transactions, and the transactions of inline projections. So there are always some for
    /// reads, above all for those that the holder of a lock needs to go on. A store with one connection opens
    /// a second one for what waits.
    pub fn connections(mut self, most: u32) -> Self {
        self.connections = most.max(1);
        self
    }

    /// How large events may be.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether the URL leads to a transaction pooler, such as `PgBouncer` with `pool_mode = transaction`.
    ///
    /// Nothing is then left on a connection: no settings, no prepared statements, and each call in a
    /// transaction of its own, which costs more round trips. And since nobody can tell behind a pooler
    /// whether a server process is still at work, an append whose connection broke is
    /// [`OutcomeUnknown`](es_core::StoreError::OutcomeUnknown) unless its events are found.
    ///
    /// A pooler that is not declared is refused by [`ConnectError::Pooler`], one in session mode as well.
    ///
    /// [`ConnectError::Pooler`]: crate::ConnectError::Pooler
    pub fn transaction_pooler(mut self, pooler: bool) -> Self {
        self.pooler = pooler;
        self
    }

    /// How long the store tries to reach the server, and how long it looks for the outcome of an append whose
    /// connection was lost; 30 seconds unless said otherwise.
    pub fn patience(mut self, longest: Duration) -> Self {
        self.patience = longest.min(LONGEST_TIMEOUT);
        self
    }

    /// How long the connections of appends wait for a lock that another program or transaction holds; 50 ms
    /// unless said otherwise. An append that would have to wait longer goes on alone, on one of the other
    /// connections, and holds up no other stream.
    pub fn lock_patience(mut self, longest: Duration) -> Self {
        self.lock_patience = longest;
        self
    }

    /// How long an append, or any other call, waits for a lock that another program or transaction holds,
    /// such as that of its stream; defaults to 10 seconds. So do the statements of projections, and calls in
    /// a transaction of the caller, unless its `lock_timeout` is shorter. An append that stands behind
    /// another one to its stream, which is held up, waits for half as long again at most.
    ///
    /// Then nothing was written, and the call fails with a [`LockTimeout`](crate::LockTimeout) that names who
    /// holds the lock, or, where so many wait that it had no turn, with a
    /// [`PoolTimeout`](crate::PoolTimeout); trying again can help. A repository leaves that to
    /// its caller where this is as long as its [`Retry::within`](es_core::Retry::within), or longer, as it is
    /// by default.
    pub fn longest_lock_wait(mut self, longest: Duration) -> Self {
        self.longest_lock_wait = longest;
        self
    }

    /// How long a call waits for one of the [`connections`](Self::connections) while all are in use, and an
    /// append for a place among those that wait to be sent; defaults to 30 seconds.
    ///
    /// Then it fails with a [`PoolTimeout`](crate::PoolTimeout) that says how many there are; trying again
    /// can help.
    pub fn longest_connection_wait(mut self, longest: Duration) -> Self {
        self.longest_connection_wait = longest;
        self
    }

    /// How long a connection is kept that nobody uses; defaults to 10 minutes.
    ///
    /// Looked at whenever a call takes a connection or gives one back; a store without calls keeps what it
    /// has. An idle connection that is too old is not used any more, but replaced.
    pub fn idle_timeout(mut self, longest: Duration) -> Self {
        self.idle_timeout = longest;
        self
    }

    /// How many bytes of payloads and metadata appends may have that wait to be sent, because the server is
    /// slower than they come, or because their stream is held; defaults to 64 MiB. Each counts for 64 KiB at
    /// least, so that by default 1,024 wait at most. Those behind a stream that is held have half as much of
    /// their own.
    ///
    /// Further ones wait for a place, for [`longest_connection_wait`](Self::longest_connection_wait) at most.
    pub fn waiting_bytes(mut self, most: usize) -> Self {
        self.waiting_bytes = most;
        self
    }

    /// How many bytes of payloads and metadata are kept of the last page of the whole store, for the other
    /// subscriptions of this program that are about to read the same; defaults to 1 MiB, and to 500 events.
    /// Such pages are kept for 16 filters at most. A larger page is read by each subscription for itself.
    pub fn shared_page_bytes(mut self, most: usize) -> Self {
        self.shared_page_bytes = most;
        self
    }

    /// How long the server may stay silent before its connection counts as lost; defaults to 30 seconds. It
    /// is the timeout of every answer: of a statement, or, where many rows are read, of the next row. Time
    /// that a statement may spend waiting for locks comes on top.
    ///
    /// What was sent on a silent connection is found out as after any lost connection: an append is looked
    /// for, a read is repeated. A connection of the caller is lost with its transaction: it is to be dropped.
    pub fn answer_within(mut self, longest: Duration) -> Self {
        self.answer_within = longest;
        self
    }

    /// How long the server keeps the session of a client that is gone without a word, such as a machine that
    /// lost its power, and with it the session's locks; in whole seconds, defaults to 60 seconds. Zero leaves
    /// it to the settings of the server, with which it can be hours.
    ///
    /// Each session is told so by `tcp_keepalives_idle`, `tcp_keepalives_interval`, `tcp_keepalives_count`
    /// and `tcp_user_timeout`; not through a transaction pooler, and sockets of one machine need none. For a
    /// server that is gone see [`answer_within`](Self::answer_within).
    pub fn gone_after(mut self, silence: Duration) -> Self {
        self.gone_after = silence;
        self
    }

    /// Whether appends are told to readers in other processes by NOTIFY, and heard of by LISTEN; yes unless
    /// said otherwise.
    ///
    /// Each takes one more connection, opened with the first append and the first subscription. Without it,
    /// readers in other processes look by the clock only.
    pub fn notify(mut self, notify: bool) -> Self {
        self.notify = notify;
        self
    }

    /// The URL of the server itself, where the other one leads to a transaction pooler, through which nobody
    /// can LISTEN; for projectors, too. It may name several hosts as well.
    ///
    /// A pooler there is refused by [`ConnectError::Pooler`], where it is noticed by projectors.
    ///
    /// [`ConnectError::Pooler`]: crate::ConnectError::Pooler
    pub fn direct_url(mut self, url: &str) -> Self {
        self.direct = Some(url.to_owned());
        self
    }

    /// Opens the store for reading only, on a standby or on the primary; see
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
            .field("lock_patience", &self.lock_patience)
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

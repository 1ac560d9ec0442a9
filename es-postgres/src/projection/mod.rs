//! Projections into tables of the same database.
//!
//! One idea carries all: a batch is one transaction, which holds the checkpoint, hands the events to the
//! projection, and then moves the checkpoint. A rebuild is another revision with checkpoints and tables of
//! its own; inline is the same without a checkpoint.

mod batch;
mod cause;
mod error;
mod inline;
mod letters;
mod pace;
mod pages;
mod publish;
mod retrying;
mod session;
mod setup;
mod status;
mod transaction;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use es_core::{Part, Projection, StoreError};
use sqlx::PgConnection;
use tokio::task::JoinSet;
use uuid::Uuid;

pub use self::error::ProjectorError;
pub use self::inline::Inline;
pub use self::letters::{DeadLetter, Retried};
pub use self::retrying::Retrying;
pub use self::status::{PartStatus, ProjectionStatus};

use self::retrying::{Board, Tries};
use self::worker::Worker;
use crate::connect::failure::unexpected;
use crate::connect::statements::Statements;
use crate::store::PostgresStore;

/// What becomes of an event that a projection cannot take, after the retries.
///
/// Only of that: what passes, such as a lock timeout or a full disk, is tried again until it succeeds, and
/// what somebody has to mend first, such as a missing table, stops the projector in any case
/// ([`ProjectorError::NotReady`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// The projector stops with the reason. Nothing is skipped.
    #[default]
    Stop,
    /// The event becomes a dead letter, and so do all later events of its stream, in their order; other
    /// streams go on. See [`Projector::dead_letters`].
    Park,
}

/// Runs a projection into tables of the store's database: each event takes effect there exactly once.
///
/// The model is a [`PgConnection`] in the transaction that moves the checkpoint. Handlers run their SQL on
/// it; `connection.begin()` nests by a savepoint, and a COMMIT or ROLLBACK of their own stops the projector
/// with [`ProjectorError::TransactionEnded`]. Tables are named without a schema: each revision has its own,
/// `es_balances_1`, in which alone names are looked up ([`search_in`](Self::search_in) adds others), and what
/// readers use is a schema of views, `es_balances`.
///
/// ```no_run
/// # use es_core::{BoxError, Project, ProjectSetup, Projection, Recorded, event};
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
/// Any number of programs may run the same projection. One of them works; the others wait until it stands
/// still.
#[derive(Debug)]
#[must_use = "nothing is projected before `run` or `catch_up`"]
pub struct Projector<P> {
    store: PostgresStore,
    projection: Arc<P>,
    options: Options,
    /// Shared with its clones.
    retrying: Arc<Board>,
}

#[derive(Debug, Clone)]
struct Options {
    parts: u32,
    page_size: usize,
    page_bytes: usize,
    poll_every: Duration,
    on_failure: OnFailure,
    retries: u32,
    retry_after: Duration,
    standstill: Duration,
    take_over: Duration,
    publish: bool,
    owner: String,
    search_in: Vec<String>,
}

impl<P> Clone for Projector<P> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            projection: Arc::clone(&self.projection),
            options: self.options.clone(),
            retrying: Arc::clone(&self.retrying),
        }
    }
}

impl<P: Projection<Model = PgConnection>> Projector<P> {
    /// For a projection, into tables beside this store.
    pub fn new(store: PostgresStore, projection: P) -> Self {
        let options = Options {
            parts: 1,
            page_size: 4_000,
            page_bytes: 4 << 20,
            poll_every: Duration::from_secs(1),
            on_failure: OnFailure::Stop,
            retries: 0,
            retry_after: Duration::from_millis(100),
            standstill: Duration::from_secs(10),
            take_over: Duration::from_secs(5),
            publish: true,
            owner: format!("{}/{}", std::process::id(), Uuid::now_v7().simple()),
            search_in: Vec::new(),
        };
        Self { store, projection: Arc::new(projection), options, retrying: Arc::default() }
    }

    /// Into how many parts the streams are divided, which run beside each other, each with a checkpoint and a
    /// connection of its own; 1 unless said otherwise. It is kept with the projection: changed only by
    /// [`repartition`](Self::repartition).
    ///
    /// Each part reads all events and decodes its own, so parts pay where handlers are slow.
    pub fn parts(mut self, parts: u32) -> Self {
        self.options.parts = parts.clamp(1, i32::MAX.cast_unsigned());
        self
    }

    /// How many events are in a batch at most, which is one transaction; 4,000 unless said otherwise. A batch
    /// holds fewer where handlers would need much more than half a second for them.
    pub fn page_size(mut self, most: usize) -> Self {
        self.options.page_size = most.max(1);
        self
    }

    /// How many bytes of payloads and metadata are in a batch at most, if it holds more than one event;
    /// defaults to 4 MiB. While one batch is projected, two more of its part are read ahead.
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.options.page_bytes = most;
        self
    }

    /// How long it waits for a word of the store before it looks by itself; a second unless said otherwise.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.options.poll_every = interval;
        self
    }

    /// What becomes of an event that cannot be taken; [`OnFailure::Stop`] unless said otherwise. An event of
    /// a version that only newer programs know stops the projector in any case.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.options.on_failure = on_failure;
        self
    }

    /// How often an event that failed is tried again before that, with `first_wait` before the first time and
    /// twice as long before each next one, up to 30 seconds; not at all unless said otherwise. `u32::MAX` is
    /// for ever. Later events of its part wait. A failure that passes, such as a lock timeout, is tried again
    /// anyway, and does not count.
    pub fn retries(mut self, retries: u32, first_wait: Duration) -> Self {
        self.options.retries = retries;
        self.options.retry_after = first_wait;
        self
    }

    /// How long a handler, or the set-up, may leave the connection alone within its transaction, before the
    /// server ends that, as it would be of a program which has died; defaults to 10 seconds.
    pub fn standstill(mut self, longest: Duration) -> Self {
        self.options.standstill = longest;
        self
    }

    /// How long another worker's checkpoint must stand still, with events before it, until this one takes
    /// over; 5 seconds unless said otherwise. Safe with any value.
    pub fn take_over(mut self, after: Duration) -> Self {
        self.options.take_over = after;
        self
    }

    /// Whether a revision is shown to readers as soon as it has caught up with the one that they see; yes
    /// unless said otherwise. Else by [`publish`](Self::publish).
    pub fn publish_when_caught_up(mut self, publish: bool) -> Self {
        self.options.publish = publish;
        self
    }

    /// One more schema in which names in the projection's SQL are looked up, after its own and those that
    /// were added before; defaults to none. For the functions, types and operators of extensions, as
    /// `search_in("public")` where they were created there.
    ///
    /// Tables are found there as well: where one of the projection's own is missing, another one of that name
    /// takes its rows. Whoever may create objects in that schema can put functions in the place of others.
    pub fn search_in(mut self, schema: &str) -> Self {
        self.options.search_in.push(batch::kept(schema));
        self
    }

    /// How the worker calls itself in the status; process and a random id unless said otherwise. NUL
    /// characters are left out.
    pub fn owner(mut self, name: &str) -> Self {
        self.options.owner = batch::kept(name);
        self
    }

    /// Projects all events, and then each that comes, until it fails; `Ok` once the store was closed.
    /// Dropping the future is an orderly end: a batch that is under way is undone.
    ///
    /// A lost connection is no failure, nor is what passes in handlers, such as a deadlock: it is tried again
    /// until it succeeds. See [`retrying`](Self::retrying).
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; the status has the reason as well.
    pub async fn run(&self) -> Result<(), ProjectorError> {
        match self.work(true).await {
            Err(ProjectorError::Store(StoreError::Closed)) => Ok(()),
            done => done,
        }
    }

    /// Projects all events that can be read now.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`], of a lost connection as well. What passes in handlers is waited for as long as
    /// [`patience`](crate::PostgresOptions::patience) says; the error is retryable then.
    pub async fn catch_up(&self) -> Result<(), ProjectorError> {
        self.work(false).await
    }

    /// What this projector, or a clone of it, tries again in this program: the server is away, or something
    /// else that passes holds it up. Of several parts, the one that has been failing for the longest time.
    /// `None` while all goes well.
    ///
    /// The [`status`](Self::status) has what other programs run, as far as the server can be reached. A log
    /// tells of it with level `WARN` at the first failure, and then once a minute.
    ///
    /// ```
    /// # use es_core::Projection;
    /// # use es_postgres::Projector;
    /// fn report<P: Projection<Model = sqlx::PgConnection>>(projector: &Projector<P>) {
    ///     if let Some(retrying) = projector.retrying() {
    ///         println!("failing since {}, {} times: {}", retrying.since, retrying.tries, retrying.error);
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn retrying(&self) -> Option<Retrying> {
        self.retrying.oldest()
    }

    async fn work(&self, live: bool) -> Result<(), ProjectorError> {
        let mut tries = Tries::new(&self.retrying, P::NAME, 0);
        while let Err(error) = self.prepare().await {
            if !(live && error.is_retryable()) {
                return Err(error);
            }
            tokio::time::sleep(tries.failed(&error)).await;
        }
        drop(tries);
        if self.options.parts == 1 {
            return Worker::new(self.clone(), Part::ALL).run(live).await;
        }
        let mut workers = JoinSet::new();
        for index in 0..self.options.parts {
            let worker = Worker::new(self.clone(), Part::new(index, self.options.parts));
            workers.spawn(worker.run(live));
        }
        while let Some(done) = workers.join_next().await {
            done.map_err(|panic| ProjectorError::Store(unexpected(panic)))??;
        }
        Ok(())
    }

    fn statements(&self) -> &Statements {
        &self.store.pool().statements
    }

    #[allow(clippy::unused_self, reason = "read together with what does depend on it")]
    const fn rev(&self) -> i32 {
        P::REV.cast_signed()
    }

    /// The schema of this revision's tables.
    fn own_schema(&self) -> String {
        format!("{}_{}", self.public_schema(), P::REV)
    }

    /// The schema of the views that readers use.
    fn public_schema(&self) -> String {
        format!("{}_{}", self.store.pool().settings.schema, P::NAME)
    }

    /// Where names in the projection's SQL are looked up. Temporary tables come last: one that a program has
    /// made by chance takes no rows that are meant for the model.
    fn search_path(&self) -> String {
        let own = self.own_schema();
        let schemas = std::iter::once(&own).chain(&self.options.search_in);
        let quoted = schemas.map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
        quoted.chain([String::from("pg_temp")]).collect::<Vec<_>>().join(", ")
    }
}

//! A projection that is run.

use std::sync::Arc;
use std::time::Duration;

use es_core::{Part, Projection, StoreError};
use sqlx::PgConnection;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::error::ProjectorError;
use super::retrying::{Board, Retrying, Tries};
use super::target::{OnFailure, Options, Target};
use super::worker::{Ends, Worker};
use crate::connect::failure::unexpected;
use crate::store::PostgresStore;

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
    pub(super) target: Target<P>,
    /// Shared with its clones.
    retrying: Arc<Board>,
}

impl<P> Clone for Projector<P> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), retrying: Arc::clone(&self.retrying) }
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
        let projection = Arc::new(projection);
        Self { target: Target { store, projection, options }, retrying: Arc::default() }
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
        match self.work(Ends::Never).await {
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
        self.work(Ends::CaughtUp).await
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

    async fn work(&self, ends: Ends) -> Result<(), ProjectorError> {
        let mut tries = Tries::new(&self.retrying, P::NAME, 0);
        while let Err(error) = self.target.prepare().await {
            if !(ends == Ends::Never && error.is_retryable()) {
                return Err(error);
            }
            tokio::time::sleep(tries.failed(&error)).await;
        }
        drop(tries);
        if self.target.options.parts == 1 {
            return self.worker(Part::ALL).run(ends).await;
        }
        let mut workers = JoinSet::new();
        for index in 0..self.target.options.parts {
            let worker = self.worker(Part::new(index, self.target.options.parts));
            workers.spawn(worker.run(ends));
        }
        while let Some(done) = workers.join_next().await {
            done.map_err(|panic| ProjectorError::Store(unexpected(panic)))??;
        }
        Ok(())
    }

    fn worker(&self, part: Part) -> Worker<P> {
        Worker::new(self.target.clone(), &self.retrying, part)
    }
}

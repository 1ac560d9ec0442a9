//! The connections of a store. Unlike sqlx's pool it sends nothing of its own: a call is one round trip.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use es_core::StoreError;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::ConnectError;
use crate::check::{self, Backend};
use crate::ends::Ends;
use crate::error::Failure;
use crate::hints::Hints;
use crate::known_streams::KnownStreams;
use crate::lanes::Lanes;
use crate::load::ReadError;
use crate::names::{Names, Said};
use crate::options::{Settings, milliseconds};
use crate::replay::Replay;
use crate::statements::Statements;
use crate::watermark::Watermark;

/// How long each connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

pub(crate) struct Pool {
    pub(crate) settings: Arc<Settings>,
    pub(crate) statements: Statements,
    pub(crate) watermark: Watermark,
    pub(crate) streams: KnownStreams,
    pub(crate) ends: Ends,
    pub(crate) hints: Hints,
    pub(crate) lanes: Lanes,
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Session>>,
    pub(crate) names: Names,
    /// What the program said of names, to be made so in every database that this store is connected to.
    pub(crate) said: Mutex<Vec<Said>>,
    /// Raised when a connection breaks: the other idle ones have most likely gone with it.
    generation: AtomicU64,
}

/// One connection, checked.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: PgConnection,
    pub(crate) backend: Backend,
    /// Whether an earlier call has used it.
    pub(crate) used: bool,
    /// From when on it was surely connected.
    pub(crate) opened: Instant,
    /// How far the whole store can be read on it, where it leads to a standby.
    pub(crate) replay: Box<Replay>,
    /// How long its statements wait for a lock.
    lock_timeout: Duration,
    generation: u64,
}

/// A session on loan. Unless [`keep`](Self::keep) is called it is thrown away: its call was cancelled or has
/// failed half-way, and the answer may still be under way.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<Pool>,
    pub(crate) session: Session,
    _slot: OwnedSemaphorePermit,
}

/// Without the connection's settings, which can hold a password.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("address", &self.settings.server.addresses())
            .field("schema", &self.settings.schema)
            .field("connections", &self.settings.connections)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) async fn open(settings: Settings) -> Result<Self, ConnectError> {
        let settings = Arc::new(settings);
        let pool = Self {
            statements: settings.statements(),
            watermark: Watermark::default(),
            streams: KnownStreams::default(),
            ends: Ends::default(),
            hints: Hints::new(&settings),
            lanes: Lanes::default(),
            slots: Arc::new(Semaphore::new(settings.connections as usize)),
            idle: Mutex::default(),
            names: Names::default(),
            said: Mutex::default(),
            generation: AtomicU64::new(0),
            settings,
        };
        let mut session = pool.connect().await?;
        // It may idle for long before its first call.
        session.used = true;
        pool.idle().push(session);
        Ok(pool)
    }

    /// An idle session, or a new one; waits while all are on loan.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let idle = self.idle().pop();
        let session = match idle {
            Some(session) => session,
            None => match self.connect().await {
                Err(busy) if busy.is_busy() => {
                    let spare = self.lanes.spare().ok_or(busy)?;
                    self.wait_for_locks(spare, self.settings.longest_lock_wait).await?
                }
                connected => connected?,
            },
        };
        Ok(Lease { pool: Arc::clone(self), session, _slot: slot })
    }

    /// A session beside the pool, for what must not wait for its turn.
    ///
    /// Boxed, as many calls hold this future in theirs and few of them need it: a future is moved in memory
    /// at each call, with all that it holds.
    pub(crate) async fn connect(&self) -> Result<Session, ConnectError> {
        let lock_timeout = self.settings.longest_lock_wait;
        self.connect_waiting(lock_timeout).await
    }

    /// As [`connect`](Self::connect); on this session a statement ends with an error rather than to wait for
    /// a lock for long.
    pub(crate) async fn connect_hurried(&self) -> Result<Session, ConnectError> {
        self.connect_waiting(self.settings.lock_patience).await
    }

    /// As [`connect_hurried`](Self::connect_hurried); where the server has no connection left to give, one
    /// that readers do without.
    pub(crate) async fn hurried(self: &Arc<Self>) -> Result<Session, StoreError> {
        match self.connect_hurried().await {
            Err(error) if error.is_busy() => {
                let Lease { session, .. } = self.lease().await?;
                self.wait_for_locks(session, self.settings.lock_patience).await
            }
            connected => Ok(connected?),
        }
    }

    /// Turns a session into one that waits so long for a lock.
    async fn wait_for_locks(
        &self,
        mut session: Session,
        lock_timeout: Duration,
    ) -> Result<Session, StoreError> {
        if !self.settings.pooler {
            let set = raw_sql(AssertSqlSafe(set_waiting("SESSION", lock_timeout)));
            let set = self.settings.answered(set.execute(&mut session.connection)).await;
            if let Err(failure) = set.map_err(Failure::from) {
                self.distrust();
                return Err(failure.into());
            }
        }
        session.lock_timeout = lock_timeout;
        Ok(session)
    }

    async fn connect_waiting(&self, lock_timeout: Duration) -> Result<Session, ConnectError> {
        Box::pin(self.open_session(lock_timeout)).await
    }

    async fn open_session(&self, lock_timeout: Duration) -> Result<Session, ConnectError> {
        let generation = self.generation.load(Ordering::Acquire);
        let mut connection = self.settings.dial(lock_timeout).await?;
        let opening = self.settings.opening();
        let failed = |failure: Failure| failure.opening(&opening);
        self.begin(&mut connection).await.map_err(|error| failed(error.into()))?;
        let checked = check::run(&mut connection, &self.statements, &self.settings, &opening);
        let backend =
            self.settings.answered::<_, Failure>(async { Ok(checked.await) }).await.map_err(failed)??;
        let agreed = self.settings.answered(self.agree(&mut connection)).await.map_err(failed)?;
        agreed.map_err(|error| ConnectError::Refused { source: Box::new(error) })?;
        self.commit(&mut connection).await.map_err(|error| failed(error.into()))?;
        let opened = Instant::now();
        let replay = Box::default();
        Ok(Session { connection, backend, used: false, opened, replay, lock_timeout, generation })
    }

    /// Whether a session was opened after the last one that was found broken.
    pub(crate) fn trusts(&self, session: &Session) -> bool {
        session.generation == self.generation.load(Ordering::Acquire)
    }

    /// Begins a transaction, if a pooler needs one to stay with one server process.
    pub(crate) async fn begin(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.settings.pooler {
            self.settings.answered(raw_sql("BEGIN").execute(connection)).await?;
        }
        Ok(())
    }

    /// Ends what [`begin`](Self::begin) has begun.
    pub(crate) async fn commit(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.settings.pooler {
            self.settings.answered(raw_sql("COMMIT").execute(connection)).await?;
        }
        Ok(())
    }

    /// Refuses what a store that only reads cannot do.
    pub(crate) fn writes(&self) -> Result<(), StoreError> {
        if self.settings.read_only { Err(StoreError::ReadOnly) } else { Ok(()) }
    }

    /// Throws away the idle sessions: one of them was found broken. The server may have lost what was read
    /// last, too.
    pub(crate) fn distrust(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.idle().clear();
        self.ends.forget();
    }

    /// Waits for the calls under way, then says goodbye to the server. Later calls fail.
    pub(crate) async fn close(&self) {
        let mut sessions = self.lanes.close().await;
        // The semaphore is never closed before this.
        let _all = self.slots.acquire_many(self.settings.connections).await;
        self.slots.close();
        self.watermark.close().await;
        self.hints.close();
        sessions.append(&mut self.idle());
        for session in sessions {
            // A server that is gone needs no goodbye.
            let _gone = timeout(GOODBYE, session.connection.close()).await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Begins a transaction, if a pooler needs one.
    pub(crate) async fn begin(&mut self, pool: &Pool) -> Result<(), sqlx::Error> {
        if pool.settings.pooler {
            let begin = raw_sql(AssertSqlSafe(begin_waiting(self.lock_timeout)));
            pool.settings.answered(begin.execute(&mut self.connection)).await?;
        }
        Ok(())
    }
}

fn begin_waiting(lock_timeout: Duration) -> String {
    format!("BEGIN; {}", set_waiting("LOCAL", lock_timeout))
}

/// A statement that says how long later ones wait for a lock.
fn set_waiting(scope: &str, lock_timeout: Duration) -> String {
    format!("SET {scope} lock_timeout = {}", milliseconds(lock_timeout))
}

impl Lease {
    /// Gives the session back: its call is complete.
    pub(crate) fn keep(self) {
        let Self { pool, mut session, .. } = self;
        session.used = true;
        let mut idle = pool.idle();
        if pool.trusts(&session) && !pool.slots.is_closed() {
            idle.push(session);
        }
    }

    /// Gives the session back after a call that may not have come to its end without a pooler's transaction.
    pub(crate) fn keep_unless_begun(self) {
        if !self.pool.settings.pooler {
            // Behind a pooler the transaction of the call may still be open; it ends with the connection.
            self.keep();
        }
    }

    /// Ends a read: gives the session back, if that is worth it. `None` if the read is to be repeated behind
    /// the caller's back: its connection idled while the server went away, and nothing was handed out yet.
    pub(crate) fn settle<T>(
        self,
        read: Result<T, ReadError>,
        handed_out: bool,
    ) -> Option<Result<T, StoreError>> {
        match read {
            Ok(done) => {
                self.keep();
                Some(Ok(done))
            }
            Err(ReadError::Stopped(error)) => Some(Err(error)),
            Err(ReadError::Elsewhere(error)) => {
                self.keep();
                Some(Err(error))
            }
            Err(ReadError::Failed(failure)) => {
                let again = self.session.used && failure.ends_session() && !handed_out;
                self.keep_after(&failure);
                (!again).then(|| Err(failure.into()))
            }
        }
    }

    /// Gives the session back after a failure, unless the failure is its own.
    pub(crate) fn keep_after(self, failure: &Failure) {
        if failure.ends_session() {
            self.pool.distrust();
        } else {
            self.keep_unless_begun();
        }
    }
}

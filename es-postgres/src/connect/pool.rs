//! The connections of a store. Unlike sqlx's pool it sends nothing of its own: a call is one round trip.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use es_core::__private::Seldom;
use es_core::StoreError;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use tokio::time::timeout;

use crate::connect::check::{self, Backend};
use crate::connect::error::ConnectError;
use crate::connect::failure::Failure;
use crate::connect::idle::Idle;
use crate::connect::names::{Names, Said};
use crate::connect::slots::Slots;
use crate::connect::statements::Statements;
use crate::options::{Settings, milliseconds};
use crate::read::all::replay::Replay;
use crate::read::all::shared::Ends;
use crate::read::all::streams::KnownStreams;
use crate::read::all::watermark::Watermark;
use crate::wake::Hints;
use crate::write::lanes::Lanes;

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
    pub(crate) slots: Slots,
    idle: Mutex<Idle>,
    pub(crate) names: Names,
    /// What the program said of names, to be made so in every database that this store is connected to.
    pub(crate) said: Mutex<Vec<Said>>,
    /// Raised when a connection breaks: the other idle ones have most likely gone with it.
    generation: AtomicU64,
    /// What is logged once a minute.
    pub(crate) seldom: Seldom,
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
            slots: Slots::new(settings.connections),
            idle: Mutex::default(),
            names: Names::default(),
            said: Mutex::default(),
            generation: AtomicU64::new(0),
            seldom: Seldom::new(),
            settings,
        };
        let mut session = pool.connect().await?;
        // It may idle for long before its first call.
        session.used = true;
        pool.idle().put(session, pool.settings.idle_timeout);
        Ok(pool)
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
                let session = self.lease().await?.into_session();
                self.wait_for_locks(session, self.settings.lock_patience).await
            }
            connected => Ok(connected?),
        }
    }

    /// Turns a session into one that waits so long for a lock.
    pub(crate) async fn wait_for_locks(
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
    ///
    /// Each call has its own deadlines, but for one whose future is not polled: that one is left behind.
    pub(crate) async fn close(&self) {
        let &Settings { patience, longest_lock_wait, answer_within, .. } = &*self.settings;
        let longest = patience.saturating_add(longest_lock_wait).saturating_add(answer_within);
        let ended = async {
            self.lanes.close().await;
            self.slots.rest().await;
            self.watermark.close().await;
        };
        if timeout(longest, ended).await.is_err() {
            tracing::warn!(
                "the store was closed while calls were under way, which had not ended within {longest:?}"
            );
        }
        self.slots.close();
        self.hints.close();
        let mut sessions = self.lanes.sessions().take_all();
        sessions.append(&mut self.idle().take_all());
        for session in sessions {
            // A server that is gone needs no goodbye.
            let _gone = timeout(GOODBYE, session.connection.close()).await;
        }
    }

    pub(crate) fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// The statement that says how long its statements wait for a lock.
    pub(crate) fn lock_timeout(&self) -> String {
        set_waiting("SESSION", self.lock_timeout)
    }

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

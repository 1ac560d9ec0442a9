//! The connection pool of a store. Unlike sqlx's pool it sends no statements of its own: a call is one round
//! trip.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use es_core::__private::Seldom;
use es_core::StoreError;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use tokio::time::timeout;

use crate::connect::check;
use crate::connect::error::ConnectError;
use crate::connect::failure::{CallError, Failure};
use crate::connect::idle::Idle;
use crate::connect::names::Names;
use crate::connect::session::{Notes, Session, set_waiting};
use crate::connect::settings::Settings;
use crate::connect::slots::Slots;
use crate::connect::statements::Statements;
use crate::latch::hold;
use crate::metrics::{CloseReason, Counted, Counters};

/// The time limit for closing one connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) struct Pool {
    pub(crate) settings: Arc<Settings>,
    pub(crate) statements: Statements,
    pub(crate) slots: Slots,
    idle: Mutex<Idle>,
    /// Sessions for appends, with a short lock timeout.
    append_sessions: Mutex<Idle>,
    pub(crate) names: Names,
    /// Incremented when a connection breaks: the other idle ones have most likely failed as well.
    generation: AtomicU64,
    /// Limits log lines to one a minute.
    pub(crate) seldom: Seldom,
    pub(crate) counters: Arc<Counters>,
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
        let counters = Arc::default();
        let pool = Self {
            statements: settings.statements(),
            slots: Slots::new(settings.connections, &counters),
            idle: Mutex::default(),
            append_sessions: Mutex::default(),
            names: Names::default(),
            generation: AtomicU64::new(0),
            seldom: Seldom::new(),
            counters,
            settings,
        };
        let session = pool.connect().await?;
        pool.keep_idle(session);
        Ok(pool)
    }

    /// A session outside the pool, for calls that must not wait for a pooled one.
    ///
    /// Boxed, as many futures contain this one and few of them run it: a future is moved in memory with all
    /// that it contains.
    pub(crate) async fn connect(&self) -> Result<Session, ConnectError> {
        let lock_timeout = self.settings.longest_lock_wait;
        self.connect_waiting(lock_timeout).await
    }

    /// As [`connect`](Self::connect), with the short lock timeout of appends.
    pub(crate) async fn connect_for_appends(&self) -> Result<Session, ConnectError> {
        self.connect_waiting(self.settings.append_lock_timeout).await
    }

    /// Sets the `lock_timeout` of a session.
    pub(crate) async fn wait_for_locks(
        &self,
        mut session: Session,
        lock_timeout: Duration,
    ) -> Result<Session, StoreError> {
        if !self.settings.pooler {
            let set = raw_sql(AssertSqlSafe(set_waiting("SESSION", lock_timeout)));
            let set = self.settings.answered(set.execute(&mut session.connection)).await;
            if let Err(failure) = set.map_err(Failure::from) {
                self.invalidate_idle(&mut session);
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
        let generation = self.generation();
        let mut connection = self.settings.dial(lock_timeout).await?;
        let opening = self.settings.opening();
        let failed = |failure: Failure| failure.opening(&opening);
        self.begin(&mut connection).await.map_err(|error| failed(error.into()))?;
        let checked = check::run(&mut connection, &self.statements, &self.settings, &opening);
        let backend =
            self.settings.answered::<_, Failure>(async { Ok(checked.await) }).await.map_err(failed)??;
        self.settings.answered(self.agree(&mut connection)).await.map_err(|error| match error {
            CallError::Failed(failure) => failed(failure),
            CallError::Refused(error) => ConnectError::Refused { source: Box::new(error) },
        })?;
        self.commit(&mut connection).await.map_err(|error| failed(error.into()))?;
        let opened = Instant::now();
        let (notes, counted) = (Notes::default(), Counted::opened(&self.counters));
        Ok(Session { connection, backend, used: false, opened, notes, lock_timeout, generation, counted })
    }

    /// Whether a session was opened since the last one was found broken.
    pub(crate) fn is_current(&self, session: &Session) -> bool {
        session.generation == self.generation()
    }

    /// Begins a transaction, if a pooler needs one to stay with one server process.
    pub(crate) async fn begin(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.settings.pooler {
            self.settings.answered(raw_sql("BEGIN").execute(connection)).await?;
        }
        Ok(())
    }

    /// Commits what [`begin`](Self::begin) began.
    pub(crate) async fn commit(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.settings.pooler {
            self.settings.answered(raw_sql("COMMIT").execute(connection)).await?;
        }
        Ok(())
    }

    /// Fails if the store is read-only.
    pub(crate) fn writes(&self) -> Result<(), StoreError> {
        if self.settings.read_only { Err(StoreError::ReadOnly) } else { Ok(()) }
    }

    /// Closes the idle sessions, as this one was found broken. The server may have lost what was read last,
    /// too.
    pub(crate) fn invalidate_idle(&self, broken: &mut Session) {
        broken.counted.closes_as(CloseReason::Lost);
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.idle().clear();
    }

    /// Changes each time a session is found broken: what was read before may have been lost.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Closes all idle sessions.
    pub(crate) async fn close_idle(&self) {
        let mut sessions = self.idle_append_sessions().take_all();
        sessions.append(&mut self.idle().take_all());
        for session in sessions {
            // An error does not matter: the server may be gone.
            let _gone = timeout(CLOSE_TIMEOUT, session.connection.close()).await;
        }
    }

    /// An idle session.
    pub(crate) fn take_idle(&self) -> Option<Session> {
        self.idle().take(self.settings.idle_timeout)
    }

    /// Keeps a session whose call is complete, or that was not used yet.
    pub(crate) fn keep_idle(&self, mut session: Session) {
        session.used = true;
        session.counted.closes_as(CloseReason::Invalidated);
        let mut idle = self.idle();
        if self.is_current(&session) && !self.slots.is_closed() {
            idle.put(session, self.settings.idle_timeout);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        hold(&self.idle)
    }

    pub(crate) fn idle_append_sessions(&self) -> MutexGuard<'_, Idle> {
        hold(&self.append_sessions)
    }
}

//! How far a session may read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::store::AllQuery;
use tokio::time::sleep;

use crate::connect::failure::Failure;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::ReadError;
use crate::read::all::replay::{self, Replay};
use crate::read::all::watermark::{Observations, Safe, Watermark};

/// The wait before the high-water mark is asked for again.
const HIGH_WATER_MARK_POLL: Duration = Duration::from_millis(2);

/// How long a page behind a pooler waits, on one server process, for open appends.
const POOLER_PAGE_WAIT: Duration = Duration::from_millis(500);

/// Determines the high-water mark for a read.
#[derive(Debug)]
pub(super) struct Reach {
    pool: Arc<Pool>,
    watermark: Arc<Watermark>,
}

/// The kind of reader of the whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A reader that wants what is stored now.
    Query,
    /// A reader that follows the store and will read again: a slightly older answer is enough.
    Follower,
}

/// A question about the high-water mark.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// The position that the reader has passed already.
    pub(super) beyond: u64,
    pub(super) asker: Asker,
    /// The answer must not be older than this.
    pub(super) since: Instant,
}

impl Reach {
    pub(super) fn new(pool: &Arc<Pool>) -> Self {
        Self { pool: Arc::clone(pool), watermark: Arc::new(Watermark::new(pool)) }
    }

    /// Returns the high-water mark for a session, or `None` behind a pooler, where it is asked for within the
    /// read.
    ///
    /// A reader that does not follow the store asks only a few times, so it uses the connection of the read,
    /// unless there is one for these questions. If appends are open, one answer is not enough: several
    /// observations are then made on a connection of their own.
    pub(super) async fn ask(
        &self,
        session: &mut Session,
        question: Question,
    ) -> Result<Option<Safe>, ReadError> {
        let Pool { settings, statements, .. } = &*self.pool;
        if settings.pooler {
            return Ok(None);
        }
        if settings.read_only {
            // Sessions may lead to different servers, which have replayed to different positions.
            let mut replay: Box<Replay> = session.notes.take();
            let asked = replay.ask(&mut session.connection, statements, question.beyond);
            let safe = settings.answered(asked).await.map_err(ReadError::Failed)?;
            session.notes.put(replay);
            self.watermark.learn(safe);
            return Ok(Some(safe));
        }
        if question.asker == Asker::Query && !self.watermark.has_connection() {
            let mut observations = Observations::default();
            let asked = settings.answered(observations.ask(&mut session.connection, statements)).await;
            let safe = asked.map_err(ReadError::Failed)?;
            if !safe.held {
                self.watermark.learn(safe);
                return Ok(Some(safe));
            }
        }
        let shared = self.watermark.since(question.since.max(session.opened)).await;
        shared.map(Some).map_err(ReadError::Elsewhere)
    }

    /// The same for a reader that wants the end of the store: it waits briefly for transactions that are
    /// about to end.
    pub(super) async fn ask_for_end(
        &self,
        session: &mut Session,
        question: Question,
    ) -> Result<Option<Safe>, ReadError> {
        let mut safe = self.ask(session, question).await?;
        let end = session.notes.look().map_or(0, Replay::last);
        while self.pool.settings.read_only
            && safe.is_some_and(|safe| safe.position < end)
            && question.since.elapsed() < POOLER_PAGE_WAIT
        {
            sleep(HIGH_WATER_MARK_POLL).await;
            safe = self.ask(session, question).await?;
        }
        Ok(safe)
    }

    /// Begins a read, and asks within it unless that was done before.
    pub(super) async fn begin(
        &self,
        session: &mut Session,
        safe: Option<Safe>,
        question: Question,
    ) -> Result<Safe, ReadError> {
        self.pool.begin(&mut session.connection).await?;
        match safe {
            Some(safe) => Ok(safe),
            None => self.ask_within(session, question.beyond).await.map_err(ReadError::Failed),
        }
    }

    /// Asks on the connection of the read itself: behind a pooler two connections, or two transactions on
    /// one, may lead to different server processes.
    async fn ask_within(&self, session: &mut Session, beyond: u64) -> Result<Safe, Failure> {
        let Pool { settings, statements, .. } = &*self.pool;
        let connection = &mut session.connection;
        let (mut observations, mut replay) = (Observations::default(), Replay::default());
        let started = Instant::now();
        let mut question = replay::Asked::First;
        loop {
            let safe = if settings.read_only {
                settings.answered(replay.ask_within(connection, statements, beyond, question)).await?
            } else {
                settings.answered(observations.ask(connection, statements)).await?
            };
            question = replay::Asked::Later;
            if !safe.held || safe.position > beyond || started.elapsed() > POOLER_PAGE_WAIT {
                return Ok(safe);
            }
            sleep(HIGH_WATER_MARK_POLL).await;
        }
    }

    /// The last answer, if it is valid for a session.
    pub(super) fn latest(&self, session: &Session, query: &AllQuery<'_>) -> Option<Safe> {
        if !self.pool.settings.read_only {
            return self.watermark.latest(session.opened);
        }
        let last = query.after.position().get().saturating_add(query.limit as u64);
        session.notes.look().and_then(Replay::latest).filter(|safe| safe.position >= last)
    }

    /// Whether a page can be filled by the last answer, without asking again.
    pub(super) fn is_far(&self, query: &AllQuery<'_>) -> bool {
        self.watermark.is_far(query)
    }

    /// Closes the connection for questions.
    pub(super) async fn close(&self) {
        self.watermark.close().await;
    }
}

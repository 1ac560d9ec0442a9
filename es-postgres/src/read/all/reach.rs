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
use crate::read::all::watermark::{Ledger, Safe, Watermark};

/// How long to wait before the server is asked again how far one may read.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How long a page behind a pooler waits, on one server process, for the appends that are open.
const POOLER_PATIENCE: Duration = Duration::from_millis(500);

/// Who says how far one may read.
#[derive(Debug)]
pub(super) struct Reach {
    pool: Arc<Pool>,
    watermark: Arc<Watermark>,
}

/// Who reads the whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody who wants what is there now.
    Query,
    /// Somebody who follows the store, and will ask again: what was there a moment ago will do.
    Follower,
}

/// What a reader wants to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// What it has passed already.
    pub(super) beyond: u64,
    pub(super) asker: Asker,
    /// The answer may not be older than this.
    pub(super) since: Instant,
}

impl Reach {
    pub(super) fn new(pool: &Arc<Pool>) -> Self {
        Self { pool: Arc::clone(pool), watermark: Arc::new(Watermark::new(pool)) }
    }

    /// An answer for a session; none behind a pooler, where it is asked for with the read.
    ///
    /// Who does not follow the store asks twice or so, and asks on the connection of the read, as long as
    /// there is no other for it. Where appends are open, one answer is not enough: those that belong together
    /// are kept, with a connection of their own.
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
            // Sessions may lead to several servers, each of which has come as far as it has.
            let mut replay: Box<Replay> = session.notes.take();
            let asked = replay.ask(&mut session.connection, statements, question.beyond);
            let safe = settings.answered(asked).await.map_err(ReadError::Failed)?;
            session.notes.put(replay);
            self.watermark.learn(safe);
            return Ok(Some(safe));
        }
        if question.asker == Asker::Query && !self.watermark.has_connection() {
            let mut ledger = Ledger::default();
            let asked = settings.answered(ledger.ask(&mut session.connection, statements)).await;
            let safe = asked.map_err(ReadError::Failed)?;
            if !safe.held {
                self.watermark.learn(safe);
                return Ok(Some(safe));
            }
        }
        let shared = self.watermark.since(question.since.max(session.opened)).await;
        shared.map(Some).map_err(ReadError::Elsewhere)
    }

    /// An answer for a reader that wants the end of the store. What was under way a moment ago ends soon.
    pub(super) async fn ask_for_end(
        &self,
        session: &mut Session,
        question: Question,
    ) -> Result<Option<Safe>, ReadError> {
        let mut safe = self.ask(session, question).await?;
        let end = session.notes.look().map_or(0, Replay::last);
        while self.pool.settings.read_only
            && safe.is_some_and(|safe| safe.position < end)
            && question.since.elapsed() < POOLER_PATIENCE
        {
            sleep(LOOK_AGAIN).await;
            safe = self.ask(session, question).await?;
        }
        Ok(safe)
    }

    /// Begins a read, and asks within it where that was not done before.
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

    /// Asks on the connection of the read itself: behind a pooler nobody can tell whether two connections, or
    /// two transactions on one, lead to the same server process.
    async fn ask_within(&self, session: &mut Session, beyond: u64) -> Result<Safe, Failure> {
        let Pool { settings, statements, .. } = &*self.pool;
        let connection = &mut session.connection;
        let (mut ledger, mut replay) = (Ledger::default(), Replay::default());
        let started = Instant::now();
        let mut question = replay::Question::First;
        loop {
            let safe = if settings.read_only {
                settings.answered(replay.ask_within(connection, statements, beyond, question)).await?
            } else {
                settings.answered(ledger.ask(connection, statements)).await?
            };
            question = replay::Question::Later;
            if !safe.held || safe.position > beyond || started.elapsed() > POOLER_PATIENCE {
                return Ok(safe);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// The last answer, if it may be used on a session.
    pub(super) fn latest(&self, session: &Session, query: &AllQuery<'_>) -> Option<Safe> {
        if !self.pool.settings.read_only {
            return self.watermark.latest(session.opened);
        }
        let last = query.after.position().get().saturating_add(query.limit as u64);
        session.notes.look().and_then(Replay::latest).filter(|safe| safe.position >= last)
    }

    /// Whether a page can be filled without another question, by the last answer.
    pub(super) fn is_far(&self, query: &AllQuery<'_>) -> bool {
        self.watermark.is_far(query)
    }

    /// Lets go of the connection for questions.
    pub(super) async fn close(&self) {
        self.watermark.close().await;
    }
}

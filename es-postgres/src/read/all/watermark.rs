//! The high-water mark: the position up to which the whole store can be read without missing an event that is
//! committed later. `docs/ordering.md` has the proof.
//!
//! The only file that knows how PostgreSQL answers two questions: which transactions may still commit a drawn
//! position, and whether anything is in doubt.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as Latch};
use std::time::Instant;

use es_core::StoreError;
use es_core::store::{AllQuery, Checkpoint};
use sqlx::{PgConnection, Row};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::connect::columns::watermark;
use crate::connect::failure::{Failure, unexpected};
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::connect::statements::Statements;
use crate::latch::hold;

/// The maximum number of pending observations; further ones are made when earlier ones are done.
const MAX_PENDING: usize = 64;

/// The high-water mark of one process, shared by all readers.
#[derive(Debug)]
pub(crate) struct Watermark {
    pool: Arc<Pool>,
    /// Locked while the server is asked, so that readers that ask at the same time share the answer.
    asking: Mutex<Option<Asking>>,
    latest: Latch<Option<Safe>>,
}

/// A connection and the observations on it. They belong together: the answers of one server mean nothing for
/// another.
#[derive(Debug)]
struct Asking {
    session: Session,
    seen: Observations,
    asked: Instant,
}

/// The position up to which nothing can be committed any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Safe {
    pub(crate) position: u64,
    /// Whether higher positions were drawn already, and are held back by open transactions.
    pub(crate) held: bool,
    /// The last position on the server, if it is a standby.
    pub(crate) standby_at: Option<u64>,
    /// A time just before the question was sent.
    pub(crate) began: Instant,
}

impl Safe {
    /// Whether the server has not reached the event of a checkpoint yet.
    pub(crate) fn is_behind(&self, checkpoint: Checkpoint) -> bool {
        self.standby_at.is_some_and(|last| last < checkpoint.position().get())
    }
}

/// One observation.
#[derive(Debug, Clone)]
struct Observation {
    drawn: u64,
    holders: Vec<String>,
    in_doubt: bool,
}

/// Observations whose transactions have not ended yet.
#[derive(Debug, Default)]
pub(crate) struct Observations {
    safe: u64,
    drawn: u64,
    /// A drawn position, and the transactions that may still commit it or a lower one.
    waiting: VecDeque<(u64, Vec<String>)>,
}

impl Observation {
    /// Whether a transaction may still be running: under its own name, or, in the last steps of its end,
    /// under that of its backend with the local number 0.
    fn holds(&self, transaction: &str) -> bool {
        let backend = transaction.split('/').next();
        self.holders.iter().any(|holder| {
            holder == transaction || holder.strip_suffix("/0").is_some_and(|ending| Some(ending) == backend)
        })
    }
}

impl Observations {
    fn take(&mut self, seen: Observation) {
        if !seen.in_doubt {
            for (_, transactions) in &mut self.waiting {
                transactions.retain(|transaction| seen.holds(transaction));
            }
            // A completed later observation covers the earlier ones: the transactions that those still wait
            // for drew higher positions.
            if let Some(done) = self.waiting.iter().rposition(|(_, transactions)| transactions.is_empty()) {
                self.safe = self.safe.max(self.waiting[done].0);
                self.waiting.drain(..=done);
            }
        }
        // Under load an answer can be a little lower than the previous one.
        self.drawn = self.drawn.max(seen.drawn);
        if seen.holders.is_empty() {
            self.safe = self.safe.max(seen.drawn);
            self.waiting.clear();
        } else if self.waiting.len() < MAX_PENDING
            && self.waiting.back().map_or(self.safe, |(drawn, _)| *drawn) < seen.drawn
        {
            self.waiting.push_back((seen.drawn, seen.holders));
        }
    }

    /// Asks once, on the connection of all earlier questions.
    pub(crate) async fn ask(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
    ) -> Result<Safe, Failure> {
        let began = Instant::now();
        let row = statements.watermark.call().fetch_one(connection).await?;
        let drawn: i64 = row.try_get(watermark::DRAWN)?;
        let (holders, in_doubt) = (row.try_get(watermark::HOLDERS)?, row.try_get(watermark::IN_DOUBT)?);
        self.take(Observation { drawn: drawn.unsigned_abs(), holders, in_doubt });
        Ok(Safe { position: self.safe, held: self.safe < self.drawn, standby_at: None, began })
    }
}

impl Watermark {
    pub(crate) fn new(pool: &Arc<Pool>) -> Self {
        Self { pool: Arc::clone(pool), asking: Mutex::default(), latest: Latch::default() }
    }

    /// Returns an answer to a question that was asked no earlier than this. A separate task asks: other
    /// readers wait for it, too, and it must not depend on one reader's future being polled.
    pub(crate) async fn since(self: &Arc<Self>, moment: Instant) -> Result<Safe, StoreError> {
        if let Some(safe) = self.latest(moment) {
            return Ok(safe);
        }
        let watermark = Arc::clone(self);
        let asked = tokio::spawn(async move { watermark.ask_since(moment).await });
        asked.await.map_err(unexpected)?
    }

    /// The last answer, if it is valid for a session that was opened at this moment: the server has answered
    /// since, so it is the one that the session is connected to, and has not crashed in between.
    pub(crate) fn latest(&self, opened: Instant) -> Option<Safe> {
        let latest = *hold(&self.latest);
        latest.filter(|safe| safe.began >= opened)
    }

    /// Whether there is a connection for questions, or one is being opened.
    pub(crate) fn has_connection(&self) -> bool {
        self.asking.try_lock().map_or(true, |asking| asking.is_some())
    }

    /// Stores an answer, from any connection, unless there is a newer one.
    pub(crate) fn learn(&self, safe: Safe) {
        let mut latest = hold(&self.latest);
        if latest.is_none_or(|latest| latest.began < safe.began) {
            *latest = Some(safe);
        }
    }

    /// Whether a page can be filled by the last answer, without asking again.
    pub(crate) fn is_far(&self, query: &AllQuery<'_>) -> bool {
        let last = query.after.position().get().saturating_add(query.limit as u64);
        hold(&self.latest).is_some_and(|safe| safe.position >= last)
    }

    async fn ask_since(&self, moment: Instant) -> Result<Safe, StoreError> {
        let pool = &*self.pool;
        // Otherwise readers would find out one after the other that no server answers.
        let longest = pool.settings.patience.saturating_add(pool.settings.answer_within);
        let Ok(mut asking) = timeout(longest, self.asking.lock()).await else {
            let text = format!("the server has not answered other readers within {longest:?}");
            return Err(Failure::Lost(text).into());
        };
        // Readers that are about to ask the same do so before this question is sent, and share the answer.
        tokio::task::yield_now().await;
        if let Some(safe) = self.latest(moment) {
            return Ok(safe);
        }
        loop {
            // Taken out: if this panics half-way, connection and observations are dropped.
            let fresh = |asking: &Asking| asking.asked.elapsed() <= pool.settings.idle_timeout;
            let Asking { mut session, mut seen, .. } = match asking.take().filter(fresh) {
                Some(asking) => asking,
                None => Asking {
                    session: pool.connect().await?,
                    seen: Observations::default(),
                    asked: Instant::now(),
                },
            };
            let answer = seen.ask(&mut session.connection, &pool.statements);
            match pool.settings.answered(answer).await {
                Ok(safe) => {
                    session.used = true;
                    *asking = Some(Asking { session, seen, asked: Instant::now() });
                    self.learn(safe);
                    return Ok(safe);
                }
                // The connection was lost while idle: try a new one.
                Err(failure) if failure.ends_session() && session.used => pool.invalidate_idle(&mut session),
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Closes the connection.
    pub(crate) async fn close(&self) {
        *self.asking.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(drawn: u64, holders: &[&str]) -> Observation {
        Observation {
            drawn,
            holders: holders.iter().map(|&holder| holder.to_owned()).collect(),
            in_doubt: false,
        }
    }

    fn safe(observations: &mut Observations, seen: Observation) -> u64 {
        observations.take(seen);
        observations.safe
    }

    #[test]
    fn a_drawn_position_is_safe_once_the_transactions_that_may_have_drawn_it_have_ended() {
        let mut observations = Observations::default();
        assert_eq!(safe(&mut observations, seen(0, &[])), 0);
        assert_eq!(safe(&mut observations, seen(5, &[])), 5);
        assert_eq!(safe(&mut observations, seen(7, &["3/10"])), 5);
        assert_eq!(safe(&mut observations, seen(9, &["3/10", "4/7"])), 5);
        // The first has ended: positions drawn when only that was open are safe.
        assert_eq!(safe(&mut observations, seen(9, &["4/7"])), 7);
        assert_eq!(safe(&mut observations, seen(12, &["4/8"])), 9, "4/8 came later");
        assert_eq!(safe(&mut observations, seen(12, &[])), 12);
    }

    #[test]
    fn writers_that_never_pause_do_not_hold_it_back_forever() {
        let mut observations = Observations::default();
        for round in 1..1_000_u64 {
            let holders = [format!("1/{round}"), format!("2/{}", round + 1)];
            let holders: Vec<&str> = holders.iter().map(String::as_str).collect();
            let safe = safe(&mut observations, seen(round * 2, &holders));
            assert_eq!(safe, (round.saturating_sub(1)) * 2);
        }
    }

    #[test]
    fn a_transaction_in_its_last_steps_and_a_prepared_one_still_count() {
        let mut observations = Observations::default();
        observations.take(seen(5, &["3/10"]));
        assert_eq!(safe(&mut observations, seen(5, &["3/0"])), 0);
        assert_eq!(safe(&mut observations, seen(5, &["33/0"])), 5, "another backend");
        observations.take(seen(6, &["3/11"]));
        let prepared = Observation { in_doubt: true, ..seen(6, &["-1/777"]) };
        assert_eq!(safe(&mut observations, prepared), 5, "that may be 3/11");
        assert_eq!(safe(&mut observations, seen(6, &[])), 6);
    }

    #[test]
    fn observations_are_bounded_and_the_last_one_counts_in_the_end() {
        let mut observations = Observations::default();
        for drawn in 1..10_000 {
            observations.take(seen(drawn, &["3/10"]));
        }
        assert_eq!((observations.waiting.len(), observations.safe), (MAX_PENDING, 0));
        assert_eq!(safe(&mut observations, seen(10_000, &["3/11"])), MAX_PENDING as u64);
        assert_eq!(safe(&mut observations, seen(10_000, &["3/12"])), 10_000);
    }
}

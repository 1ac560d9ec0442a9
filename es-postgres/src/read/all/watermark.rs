//! How far the whole store can be read without missing what is committed later: `docs/ordering.md` has the
//! proof.
//!
//! The only place that knows how PostgreSQL answers the two questions: who may still commit a position that
//! was drawn, and is anything in doubt.

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

/// More observations than this are not kept at once; later ones take their turn when earlier ones are done.
const MOST_WAITING: usize = 64;

/// The watermark of one process, shared by all that read.
#[derive(Debug)]
pub(crate) struct Watermark {
    pool: Arc<Pool>,
    /// Held while the server is asked, so that those who ask at the same time share the answer.
    asking: Mutex<Option<Asking>>,
    latest: Latch<Option<Safe>>,
}

/// A connection and what was seen on it. They go together: what one server said means nothing to the next.
#[derive(Debug)]
struct Asking {
    session: Session,
    seen: Ledger,
    asked: Instant,
}

/// Up to where nothing can be committed any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Safe {
    pub(crate) position: u64,
    /// Whether more was drawn already, by transactions that are open, or before them.
    pub(crate) held: bool,
    /// The last position that the server has, if it is a standby.
    pub(crate) standby_at: Option<u64>,
    /// When the question was about to be sent.
    pub(crate) began: Instant,
}

impl Safe {
    /// Whether the server has not received yet what a checkpoint stands on.
    pub(crate) fn is_behind(&self, checkpoint: Checkpoint) -> bool {
        self.standby_at.is_some_and(|last| last < checkpoint.position().get())
    }
}

/// What one question tells.
#[derive(Debug, Clone)]
struct Seen {
    drawn: u64,
    holders: Vec<String>,
    in_doubt: bool,
}

/// The observations that wait for their transactions to end.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    safe: u64,
    drawn: u64,
    /// A drawn position, and those who may still commit it or a lower one.
    waiting: VecDeque<(u64, Vec<String>)>,
}

impl Seen {
    /// Whether a transaction may still be at work: under its own name, or, in the last steps of its end,
    /// under that of its backend with the local number 0.
    fn holds(&self, transaction: &str) -> bool {
        let backend = transaction.split('/').next();
        self.holders.iter().any(|holder| {
            holder == transaction || holder.strip_suffix("/0").is_some_and(|ending| Some(ending) == backend)
        })
    }
}

impl Ledger {
    fn take(&mut self, seen: Seen) {
        if !seen.in_doubt {
            for (_, transactions) in &mut self.waiting {
                transactions.retain(|transaction| seen.holds(transaction));
            }
            // A later observation that is done covers the earlier ones: whoever they wait for drew a position
            // above it.
            if let Some(done) = self.waiting.iter().rposition(|(_, transactions)| transactions.is_empty()) {
                self.safe = self.safe.max(self.waiting[done].0);
                self.waiting.drain(..=done);
            }
        }
        // Under load an answer can be a little lower than the one before.
        self.drawn = self.drawn.max(seen.drawn);
        if seen.holders.is_empty() {
            self.safe = self.safe.max(seen.drawn);
            self.waiting.clear();
        } else if self.waiting.len() < MOST_WAITING
            && self.waiting.back().map_or(self.safe, |(drawn, _)| *drawn) < seen.drawn
        {
            self.waiting.push_back((seen.drawn, seen.holders));
        }
    }

    /// Asks once on a connection, on which all earlier questions were asked too.
    pub(crate) async fn ask(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
    ) -> Result<Safe, Failure> {
        let began = Instant::now();
        let row = statements.watermark.call().fetch_one(connection).await?;
        let drawn: i64 = row.try_get(watermark::DRAWN)?;
        let (holders, in_doubt) = (row.try_get(watermark::HOLDERS)?, row.try_get(watermark::IN_DOUBT)?);
        self.take(Seen { drawn: drawn.unsigned_abs(), holders, in_doubt });
        Ok(Safe { position: self.safe, held: self.safe < self.drawn, standby_at: None, began })
    }
}

impl Watermark {
    pub(crate) fn new(pool: &Arc<Pool>) -> Self {
        Self { pool: Arc::clone(pool), asking: Mutex::default(), latest: Latch::default() }
    }

    /// An answer to a question that was asked no earlier than this. A task of its own asks: others wait for
    /// it, too, and it must not depend on whether the future of one reader is polled.
    pub(crate) async fn since(self: &Arc<Self>, moment: Instant) -> Result<Safe, StoreError> {
        if let Some(safe) = self.latest(moment) {
            return Ok(safe);
        }
        let watermark = Arc::clone(self);
        let asked = tokio::spawn(async move { watermark.ask_since(moment).await });
        asked.await.map_err(unexpected)?
    }

    /// The last answer, if it may be used on a session that was opened at this moment: the server has
    /// answered since, so it is the one that the session is connected to, and has not crashed in between.
    pub(crate) fn latest(&self, opened: Instant) -> Option<Safe> {
        let latest = *hold(&self.latest);
        latest.filter(|safe| safe.began >= opened)
    }

    /// Whether there is a connection for questions, or one is being made.
    pub(crate) fn has_connection(&self) -> bool {
        self.asking.try_lock().map_or(true, |asking| asking.is_some())
    }

    /// Takes in an answer, on whichever connection it came, unless there is a newer one.
    pub(crate) fn learn(&self, safe: Safe) {
        let mut latest = hold(&self.latest);
        if latest.is_none_or(|latest| latest.began < safe.began) {
            *latest = Some(safe);
        }
    }

    /// Whether a page can be filled without another question, by the last answer.
    pub(crate) fn is_far(&self, query: &AllQuery<'_>) -> bool {
        let last = query.after.position().get().saturating_add(query.limit as u64);
        hold(&self.latest).is_some_and(|safe| safe.position >= last)
    }

    async fn ask_since(&self, moment: Instant) -> Result<Safe, StoreError> {
        let pool = &*self.pool;
        // One after the other would find out for itself that no server answers.
        let longest = pool.settings.patience.saturating_add(pool.settings.answer_within);
        let Ok(mut asking) = timeout(longest, self.asking.lock()).await else {
            let text = format!("the server has not answered other readers within {longest:?}");
            return Err(Failure::Lost(text).into());
        };
        // Those who are about to ask the same do so before this question is sent, and share the answer.
        tokio::task::yield_now().await;
        if let Some(safe) = self.latest(moment) {
            return Ok(safe);
        }
        loop {
            // Taken out: should this panic half-way, connection and observations go with it.
            let fresh = |asking: &Asking| asking.asked.elapsed() <= pool.settings.idle_timeout;
            let Asking { mut session, mut seen, .. } = match asking.take().filter(fresh) {
                Some(asking) => asking,
                None => {
                    Asking { session: pool.connect().await?, seen: Ledger::default(), asked: Instant::now() }
                }
            };
            let answer = seen.ask(&mut session.connection, &pool.statements);
            match pool.settings.answered(answer).await {
                Ok(safe) => {
                    session.used = true;
                    *asking = Some(Asking { session, seen, asked: Instant::now() });
                    self.learn(safe);
                    return Ok(safe);
                }
                // It idled while the server went away: a new one is worth a try.
                Err(failure) if failure.ends_session() && session.used => pool.invalidate_idle(&mut session),
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Lets go of the connection.
    pub(crate) async fn close(&self) {
        *self.asking.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(drawn: u64, holders: &[&str]) -> Seen {
        Seen { drawn, holders: holders.iter().map(|&holder| holder.to_owned()).collect(), in_doubt: false }
    }

    fn safe(ledger: &mut Ledger, seen: Seen) -> u64 {
        ledger.take(seen);
        ledger.safe
    }

    #[test]
    fn what_was_drawn_is_safe_once_those_who_may_have_drawn_it_have_ended() {
        let mut ledger = Ledger::default();
        assert_eq!(safe(&mut ledger, seen(0, &[])), 0);
        assert_eq!(safe(&mut ledger, seen(5, &[])), 5);
        assert_eq!(safe(&mut ledger, seen(7, &["3/10"])), 5);
        assert_eq!(safe(&mut ledger, seen(9, &["3/10", "4/7"])), 5);
        // The first has ended: what was drawn when only it was there is safe.
        assert_eq!(safe(&mut ledger, seen(9, &["4/7"])), 7);
        assert_eq!(safe(&mut ledger, seen(12, &["4/8"])), 9, "4/8 came later");
        assert_eq!(safe(&mut ledger, seen(12, &[])), 12);
    }

    #[test]
    fn writers_that_never_pause_do_not_hold_it_back_for_ever() {
        let mut ledger = Ledger::default();
        for round in 1..1_000_u64 {
            let holders = [format!("1/{round}"), format!("2/{}", round + 1)];
            let holders: Vec<&str> = holders.iter().map(String::as_str).collect();
            let safe = safe(&mut ledger, seen(round * 2, &holders));
            assert_eq!(safe, (round.saturating_sub(1)) * 2);
        }
    }

    #[test]
    fn a_transaction_in_its_last_steps_and_a_prepared_one_still_count() {
        let mut ledger = Ledger::default();
        ledger.take(seen(5, &["3/10"]));
        assert_eq!(safe(&mut ledger, seen(5, &["3/0"])), 0);
        assert_eq!(safe(&mut ledger, seen(5, &["33/0"])), 5, "another backend");
        ledger.take(seen(6, &["3/11"]));
        let prepared = Seen { in_doubt: true, ..seen(6, &["-1/777"]) };
        assert_eq!(safe(&mut ledger, prepared), 5, "who knows whether that is 3/11");
        assert_eq!(safe(&mut ledger, seen(6, &[])), 6);
    }

    #[test]
    fn observations_are_bounded_and_the_last_one_counts_in_the_end() {
        let mut ledger = Ledger::default();
        for drawn in 1..10_000 {
            ledger.take(seen(drawn, &["3/10"]));
        }
        assert_eq!((ledger.waiting.len(), ledger.safe), (MOST_WAITING, 0));
        assert_eq!(safe(&mut ledger, seen(10_000, &["3/11"])), MOST_WAITING as u64);
        assert_eq!(safe(&mut ledger, seen(10_000, &["3/12"])), 10_000);
    }
}

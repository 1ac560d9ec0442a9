//! The high-water mark on a server that may be a standby. The locks of the primary, which `watermark` uses,
//! are not visible there; its transactions are. `docs/ordering.md` has the proof.

use std::collections::VecDeque;
use std::time::Instant;

use sqlx::{PgConnection, Row};

use crate::connect::columns::{ONLY, replayed};
use crate::connect::failure::Failure;
use crate::connect::statements::Statements;
use crate::read::all::watermark::Safe;

/// The maximum number of pending observations; further ones are made when earlier ones are done.
const MAX_PENDING: usize = 64;

/// The number of positions that are searched for a missing one.
const MAX_GAP_SEARCH: i64 = 1_000;

/// The observations on one connection, which belongs to one server.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    safe: u64,
    /// A visible position, and the transaction id below which all transactions have to end.
    waiting: VecDeque<(u64, u64)>,
    latest: Option<Safe>,
    /// The last position that was seen.
    last: u64,
}

/// Whether a question is the first in its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    First,
    Later,
}

/// One observation.
#[derive(Debug, Clone, Copy)]
struct ReplayObservation {
    /// The last visible position.
    last: u64,
    /// All transactions below this id had ended.
    oldest: u64,
    /// The transaction with this id had not begun.
    next: u64,
    standby: bool,
}

impl Replay {
    /// The last answer.
    pub(crate) const fn latest(&self) -> Option<Safe> {
        self.latest
    }

    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    /// Applies the end of transactions.
    fn settle(&mut self, oldest: u64) {
        while let Some((position, _)) = self.waiting.pop_front_if(|(_, next)| *next <= oldest) {
            self.safe = self.safe.max(position);
        }
    }

    /// Applies an observation: a position, and the transactions that may still commit lower ones.
    fn take(&mut self, seen: ReplayObservation) {
        if seen.next <= seen.oldest {
            self.safe = self.safe.max(seen.last);
            self.waiting.clear();
        } else if self.waiting.len() < MAX_PENDING
            && self.waiting.back().map_or(self.safe, |(position, _)| *position) < seen.last
        {
            self.waiting.push_back((seen.last, seen.next));
        }
    }

    /// Records that there is no gap up to here.
    fn is_whole_up_to(&mut self, position: u64) {
        self.safe = self.safe.max(position);
        let safe = self.safe;
        while self.waiting.pop_front_if(|(position, _)| *position <= safe).is_some() {}
    }

    /// Asks once, on the connection of all earlier questions, for a reader that has passed everything up to
    /// `beyond`.
    pub(crate) async fn ask(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
        beyond: u64,
    ) -> Result<Safe, Failure> {
        self.ask_within(connection, statements, beyond, Asked::First).await
    }

    /// The same within a transaction, in which later questions get the same next transaction id.
    pub(crate) async fn ask_within(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
        beyond: u64,
        question: Asked,
    ) -> Result<Safe, Failure> {
        let began = Instant::now();
        let row = statements.replayed.call().fetch_one(&mut *connection).await?;
        let (last, oldest): (i64, i64) = (row.try_get(replayed::LAST)?, row.try_get(replayed::OLDEST)?);
        let standby = row.try_get(replayed::IN_RECOVERY)?;
        let seen = ReplayObservation {
            standby,
            ..ReplayObservation::new(last, oldest, row.try_get(replayed::NEXT)?)
        };
        self.last = seen.last;
        self.settle(seen.oldest);
        if question == Asked::First {
            self.take(seen);
        }
        // Positions that the reader has passed need no check.
        let from = self.safe.max(beyond);
        let mut whole = 0;
        if from < seen.last {
            let call = statements.gapless.call().bind(from.cast_signed()).bind(MAX_GAP_SEARCH);
            let found: Option<i64> = call.fetch_one(connection).await?.try_get(ONLY)?;
            whole = found.unwrap_or_default().unsigned_abs();
            if from == self.safe {
                self.is_whole_up_to(whole);
            }
        }
        let standby_at = seen.standby.then_some(seen.last);
        let safe = |position| Safe { position, held: position < seen.last, standby_at, began };
        self.latest = Some(safe(self.safe));
        Ok(safe(self.safe.max(whole)))
    }
}

impl ReplayObservation {
    /// On a primary; `age` is the number of transactions since transaction 3, of which the server returns 32
    /// bits.
    fn new(last: i64, oldest: i64, age: i32) -> Self {
        let oldest = oldest.unsigned_abs();
        #[allow(clippy::cast_possible_truncation, reason = "as the server does")]
        let low = oldest as u32;
        let ahead = age.cast_unsigned().wrapping_add(3).wrapping_sub(low);
        Self { last: last.unsigned_abs(), oldest, next: oldest + u64::from(ahead), standby: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(last: u64, oldest: u64, next: u64) -> ReplayObservation {
        ReplayObservation { last, oldest, next, standby: true }
    }

    fn safe(replay: &mut Replay, seen: ReplayObservation) -> u64 {
        replay.settle(seen.oldest);
        replay.take(seen);
        replay.safe
    }

    #[test]
    fn a_visible_position_is_safe_once_all_transactions_that_had_begun_have_ended() {
        let mut replay = Replay::default();
        assert_eq!(safe(&mut replay, seen(0, 700, 700)), 0);
        assert_eq!(safe(&mut replay, seen(5, 710, 710)), 5);
        assert_eq!(safe(&mut replay, seen(7, 710, 715)), 5);
        assert_eq!(safe(&mut replay, seen(9, 714, 720)), 5, "714 had begun before 7 was seen");
        assert_eq!(safe(&mut replay, seen(9, 715, 721)), 7);
        assert_eq!(safe(&mut replay, seen(12, 730, 731)), 9);
        assert_eq!(safe(&mut replay, seen(12, 731, 731)), 12);
    }

    #[test]
    fn writers_that_never_pause_do_not_hold_it_back_forever() {
        let mut replay = Replay::default();
        for round in 1..1_000 {
            let safe = safe(&mut replay, seen(round, 1_000 + round, 1_005 + round));
            assert_eq!(safe, round.saturating_sub(5));
        }
        assert!(replay.waiting.len() <= 5);
    }

    #[test]
    fn a_prefix_without_gaps_is_safe_whatever_is_still_running() {
        let mut replay = Replay::default();
        assert_eq!(safe(&mut replay, seen(7, 700, 715)), 0);
        replay.is_whole_up_to(6);
        assert_eq!((replay.safe, replay.waiting.len()), (6, 1));
        replay.is_whole_up_to(9);
        assert_eq!((replay.safe, replay.waiting.len()), (9, 0));
        replay.is_whole_up_to(0);
        assert_eq!(replay.safe, 9);
    }

    #[test]
    fn observations_are_bounded_and_the_last_one_counts_in_the_end() {
        let mut replay = Replay::default();
        for last in 1..10_000 {
            replay.settle(700);
            replay.take(seen(last, 700, 800));
        }
        assert_eq!((replay.waiting.len(), replay.safe), (MAX_PENDING, 0));
        assert_eq!(safe(&mut replay, seen(10_000, 800, 800)), 10_000);
    }

    #[test]
    fn transaction_ids_are_counted_beyond_32_bits() {
        let at = |oldest: i64, age: i32| ReplayObservation::new(0, oldest, age).next;
        assert_eq!(at(700, 697), 700);
        assert_eq!(at(700, 702), 705);
        let wrapped = 3_i64 << 32;
        assert_eq!(at(wrapped + 700, 702), (3 << 32) + 705);
        // The counter has passed 32 bits, the oldest transaction has not.
        assert_eq!(at(wrapped - 2, 2), wrapped.cast_unsigned() + 5);
        assert_eq!(
            at(wrapped + i64::from(u32::MAX / 2) + 7, i32::MIN + 3),
            wrapped.cast_unsigned() + (1 << 31) + 6
        );
    }
}

//! How far the whole store can be read on a server that may be a standby. The locks of the primary, by which
//! `watermark` goes, are not known there; its transactions are. `docs/ordering.md` has the proof.

use std::collections::VecDeque;
use std::time::Instant;

use sqlx::{PgConnection, Row};

use crate::connect::columns::{ONLY, replayed};
use crate::connect::failure::Failure;
use crate::connect::statements::Statements;
use crate::read::all::watermark::Safe;

/// More observations than this are not kept at once; later ones take their turn when earlier ones are done.
const MOST_WAITING: usize = 64;

/// So many positions are looked through for one that is missing.
const LOOKED_THROUGH: i64 = 1_000;

/// What was seen on one connection, which belongs to one server.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    safe: u64,
    /// A position that was there, and the transaction before which all have to end.
    waiting: VecDeque<(u64, u64)>,
    latest: Option<Safe>,
    /// The last position that was seen.
    last: u64,
}

/// Which question it is in its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    First,
    Later,
}

/// What one question tells.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The last position that is there.
    last: u64,
    /// All transactions before this one had ended.
    oldest: u64,
    /// This one had not begun.
    next: u64,
    standby: bool,
}

impl Replay {
    /// The last answer, for whoever reads.
    pub(crate) const fn latest(&self) -> Option<Safe> {
        self.latest
    }

    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    /// Takes the end of transactions into account.
    fn settle(&mut self, oldest: u64) {
        while let Some((position, _)) = self.waiting.pop_front_if(|(_, next)| *next <= oldest) {
            self.safe = self.safe.max(position);
        }
    }

    /// Takes a position into account, with what may still be committed before it.
    fn take(&mut self, seen: Seen) {
        if seen.next <= seen.oldest {
            self.safe = self.safe.max(seen.last);
            self.waiting.clear();
        } else if self.waiting.len() < MOST_WAITING
            && self.waiting.back().map_or(self.safe, |(position, _)| *position) < seen.last
        {
            self.waiting.push_back((seen.last, seen.next));
        }
    }

    /// Notes that everything up to here is there.
    fn is_whole_up_to(&mut self, position: u64) {
        self.safe = self.safe.max(position);
        let safe = self.safe;
        while self.waiting.pop_front_if(|(position, _)| *position <= safe).is_some() {}
    }

    /// Asks once on a connection, on which all earlier questions were asked too, for a reader that has passed
    /// everything up to `beyond`.
    pub(crate) async fn ask(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
        beyond: u64,
    ) -> Result<Safe, Failure> {
        self.ask_within(connection, statements, beyond, Question::First).await
    }

    /// The same, within a transaction: a later question does not learn any more which transaction has not
    /// begun.
    pub(crate) async fn ask_within(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
        beyond: u64,
        question: Question,
    ) -> Result<Safe, Failure> {
        let began = Instant::now();
        let row = statements.replayed.call().fetch_one(&mut *connection).await?;
        let (last, oldest): (i64, i64) = (row.try_get(replayed::LAST)?, row.try_get(replayed::OLDEST)?);
        let standby = row.try_get(replayed::IN_RECOVERY)?;
        let seen = Seen { standby, ..Seen::new(last, oldest, row.try_get(replayed::NEXT)?) };
        self.last = seen.last;
        self.settle(seen.oldest);
        if question == Question::First {
            self.take(seen);
        }
        // What a reader has passed is none of its business any more.
        let from = self.safe.max(beyond);
        let mut whole = 0;
        if from < seen.last {
            let call = statements.gapless.call().bind(from.cast_signed()).bind(LOOKED_THROUGH);
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

impl Seen {
    /// On a primary; `age` is how many transactions have begun since transaction 3, of which the server keeps
    /// 32 bits.
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

    fn seen(last: u64, oldest: u64, next: u64) -> Seen {
        Seen { last, oldest, next, standby: true }
    }

    fn safe(replay: &mut Replay, seen: Seen) -> u64 {
        replay.settle(seen.oldest);
        replay.take(seen);
        replay.safe
    }

    #[test]
    fn what_is_there_is_safe_once_all_have_ended_that_had_begun() {
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
    fn writers_that_never_pause_do_not_hold_it_back_for_ever() {
        let mut replay = Replay::default();
        for round in 1..1_000 {
            let safe = safe(&mut replay, seen(round, 1_000 + round, 1_005 + round));
            assert_eq!(safe, round.saturating_sub(5));
        }
        assert!(replay.waiting.len() <= 5);
    }

    #[test]
    fn what_is_whole_is_safe_whoever_is_still_at_work() {
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
        assert_eq!((replay.waiting.len(), replay.safe), (MOST_WAITING, 0));
        assert_eq!(safe(&mut replay, seen(10_000, 800, 800)), 10_000);
    }

    #[test]
    fn transactions_are_counted_beyond_32_bits() {
        let at = |oldest: i64, age: i32| Seen::new(0, oldest, age).next;
        assert_eq!(at(700, 697), 700);
        assert_eq!(at(700, 702), 705);
        let wrapped = 3_i64 << 32;
        assert_eq!(at(wrapped + 700, 702), (3 << 32) + 705);
        // The counter has passed the end of 32 bits, the oldest transaction not.
        assert_eq!(at(wrapped - 2, 2), wrapped.cast_unsigned() + 5);
        assert_eq!(
            at(wrapped + i64::from(u32::MAX / 2) + 7, i32::MIN + 3),
            wrapped.cast_unsigned() + (1 << 31) + 6
        );
    }
}

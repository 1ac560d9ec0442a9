//! What the workers of a program are retrying, and how often that is logged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::latch::hold;
use crate::projection::error::ProjectorError;
use crate::seldom::Seldom;

/// The first wait before a retry; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What a projector of this program is retrying, until it succeeds; from
/// [`Projector::retrying`](crate::projection::Projector::retrying).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retrying {
    /// How many attempts have failed.
    pub tries: u64,
    /// When it first failed.
    pub since: OffsetDateTime,
    /// The last failure.
    pub error: String,
}

/// What each worker of a projector is retrying.
#[derive(Debug, Default)]
pub(in crate::projection) struct Board {
    workers: Mutex<BTreeMap<u64, Retrying>>,
    next: AtomicU64,
}

impl Board {
    /// What has been failing for the longest time.
    pub(in crate::projection) fn oldest(&self) -> Option<Retrying> {
        self.workers().values().min_by_key(|worker| worker.since).cloned()
    }

    fn workers(&self) -> MutexGuard<'_, BTreeMap<u64, Retrying>> {
        hold(&self.workers)
    }
}

/// The retries of one worker.
#[derive(Debug)]
pub(in crate::projection) struct Tries {
    board: Arc<Board>,
    /// Its slot there.
    place: u64,
    projection: &'static str,
    partition: u32,
    tries: u64,
    since: Instant,
    wait: Duration,
    said: Seldom,
}

impl Tries {
    pub(in crate::projection) fn new(board: &Arc<Board>, projection: &'static str, partition: u32) -> Self {
        let place = board.next.fetch_add(1, Ordering::Relaxed);
        let (board, since, said) = (Arc::clone(board), Instant::now(), Seldom::new());
        Self { board, place, projection, partition, tries: 0, since, wait: FIRST_WAIT, said }
    }

    /// Records a failure. Returns how long to wait before the next attempt: twice as long each time.
    pub(in crate::projection) fn failed(&mut self, error: &ProjectorError) -> Duration {
        if self.tries == 0 {
            self.since = Instant::now();
        }
        self.tries += 1;
        let (projection, partition, tries) = (self.projection, self.partition, self.tries);
        if let Some(left_out) = self.said.due(projection) {
            let seconds = self.lasting().as_secs();
            warn!(projection, partition, tries, seconds, %error, left_out, "trying again");
        } else {
            debug!(projection, partition, tries, %error, "trying again");
        }
        let mut workers = self.board.workers();
        let new = || Retrying { tries: 0, since: OffsetDateTime::now_utc(), error: String::new() };
        let shown = workers.entry(self.place).or_insert_with(new);
        (shown.tries, shown.error) = (tries, error.to_string());
        let wait = self.wait;
        self.wait = (wait * 2).min(LONGEST_WAIT);
        wait
    }

    pub(in crate::projection) fn succeeded(&mut self) {
        if self.tries > 0 {
            let (projection, partition, tries) = (self.projection, self.partition, self.tries);
            info!(
                projection,
                partition,
                tries,
                seconds = self.lasting().as_secs(),
                "the projection continues"
            );
            self.board.workers().remove(&self.place);
            (self.tries, self.wait) = (0, FIRST_WAIT);
        }
    }

    /// For how long it has been failing.
    pub(in crate::projection) fn lasting(&self) -> Duration {
        if self.tries == 0 { Duration::ZERO } else { self.since.elapsed() }
    }
}

impl Drop for Tries {
    fn drop(&mut self) {
        self.board.workers().remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> ProjectorError {
        crate::error::StoreError::Unavailable { source: "away".into() }.into()
    }

    #[test]
    fn tries_are_counted_until_one_succeeds_and_waits_grow() {
        let board = Arc::new(Board::default());
        let (mut one, mut two) = (Tries::new(&board, "p", 0), Tries::new(&board, "p", 1));
        let waits = [(); 9].map(|()| one.failed(&away()).as_millis());
        assert_eq!(waits, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        two.failed(&away());
        let shown = board.oldest().expect("it is being tried again");
        assert_eq!((shown.tries, shown.error.as_str()), (9, away().to_string().as_str()));
        one.succeeded();
        assert_eq!(board.oldest().expect("partition 1 is not").tries, 1);
        assert_eq!(one.failed(&away()).as_millis(), 50);
        drop((one, two));
        assert_eq!(board.oldest(), None);
    }
}

//! What was read last at the end of the store. Subscriptions that follow the store look at the same moments:
//! those that stand at the same place with the same filter, as the parts of a projection do, share the page
//! that one of them reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use es_core::StoreError;
use es_core::store::{AllQuery, Checkpoint, Filter, Sink};
use tokio::sync::{self, MutexGuard};
use tokio::time::{sleep, timeout};

use crate::latch::hold;
use crate::read::all::kept::{End, Kept};
use crate::read::all::page;
use crate::read::all::reach::Asker;
use crate::read::all::watermark::Safe;

/// How long the first of those who look waits for the others, where the last page was for more than one, and
/// of late.
const TOGETHER: Duration = Duration::from_millis(1);
const OF_LATE: Duration = Duration::from_millis(20);

/// For so many filters at once.
const PLACES: usize = 16;
/// How long to wait for another reader. One whose future is not polled must not hold up the others.
const PATIENCE: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub(crate) struct SharedPages(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    /// That of the pool. Another one drops all pages, and those that are being read: their events may have
    /// been lost.
    generation: u64,
    places: Vec<Arc<Place>>,
}

/// Where those with one filter meet. One of them reads at a time.
#[derive(Debug)]
pub(crate) struct Place {
    filter: Filter,
    last: sync::Mutex<Option<Arc<EndPage>>>,
}

/// A page at the end of the store.
#[derive(Debug)]
pub(crate) struct EndPage {
    after: Checkpoint,
    safe: Safe,
    end: End,
    kept: Kept,
    /// Whether others took it, too.
    taken: AtomicBool,
}

impl SharedPages {
    /// Where those with this filter meet, in the generation of the pool.
    pub(crate) fn of(&self, filter: &Filter, generation: u64) -> Arc<Place> {
        let mut all = hold(&self.0);
        if all.generation < generation {
            *all = Places { generation, places: Vec::new() };
        }
        let places = &mut all.places;
        if let Some(place) = places.iter().find(|place| place.filter == *filter) {
            return Arc::clone(place);
        }
        if places.len() == PLACES {
            places.remove(0);
        }
        let place = Arc::new(Place { filter: filter.clone(), last: sync::Mutex::default() });
        places.push(Arc::clone(&place));
        place
    }

    /// Drops all pages, and those that are being read: their events may have been lost.
    pub(crate) fn forget(&self) {
        hold(&self.0).places.clear();
    }
}

impl Place {
    /// The turn to read; `None` if another reader keeps it for long.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, Option<Arc<EndPage>>>> {
        timeout(PATIENCE, self.last.lock()).await.ok()
    }
}

impl EndPage {
    pub(crate) const fn new(after: Checkpoint, safe: Safe, end: End, kept: Kept) -> Self {
        Self { after, safe, end, kept, taken: AtomicBool::new(false) }
    }

    /// Whether a query that began at this moment finds its events here: all that it would find at the server,
    /// or at least some, if that will do.
    pub(crate) fn answers(&self, query: &AllQuery<'_>, asker: Asker, began: Instant) -> bool {
        self.end.events <= query.limit
            && self.end.bytes <= query.bytes
            && (self.after == query.after || self.kept.holds(query.after))
            && (self.safe.began >= began || asker == Asker::Follower && query.after != self.end.checkpoint)
    }

    /// Lets others come who are about to want what follows.
    pub(crate) async fn gather(&self) {
        if self.taken.load(Ordering::Relaxed) && self.safe.began.elapsed() < OF_LATE {
            sleep(TOGETHER).await;
        }
    }

    pub(crate) fn hand_out(
        &self,
        query: &AllQuery<'_>,
        began: Instant,
        sink: Sink<'_>,
    ) -> Result<(End, Safe), StoreError> {
        self.taken.store(true, Ordering::Relaxed);
        let (events, bytes) = page::hand_out(&self.kept, query, sink)?;
        let mut safe = self.safe;
        if safe.began < began {
            // The end may be elsewhere by now: as if something had held it back.
            (safe.began, safe.held) = (began, true);
        }
        Ok((End { events, bytes, ..self.end }, safe))
    }
}

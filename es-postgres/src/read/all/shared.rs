//! The pages that were read last at the end of the store. Subscriptions that follow the store read at the
//! same moments: those at the same checkpoint with the same filter, such as the partitions of a projection,
//! share the page that one of them reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use es_core::StoreError;
use es_core::store::{AllQuery, Checkpoint, Filter, Sink};
use tokio::sync::{self, MutexGuard};
use tokio::time::{sleep, timeout};

use crate::latch::hold;
use crate::read::all::kept::{Kept, PageEnd};
use crate::read::all::page;
use crate::read::all::reach::Asker;
use crate::read::all::watermark::Safe;

/// How long the first reader waits for others, if the last page was shared, and recently.
const SHARED_PAGE_GATHER: Duration = Duration::from_millis(1);
const RECENTLY_SHARED: Duration = Duration::from_millis(20);

/// The maximum number of filters for which a page is kept.
const MAX_FILTERS: usize = 16;
/// How long to wait for another reader, whose future may not be polled.
const SHARED_PAGE_WAIT: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub(crate) struct SharedPages(Mutex<SharedSlots>);

#[derive(Debug, Default)]
struct SharedSlots {
    /// The pool's generation. When it changes, all pages are dropped, including those that are being read:
    /// their events may have been lost.
    generation: u64,
    slots: Vec<Arc<SharedSlot>>,
}

/// The page shared by readers with one filter. One of them reads at a time.
#[derive(Debug)]
pub(crate) struct SharedSlot {
    filter: Filter,
    last: sync::Mutex<Option<Arc<EndPage>>>,
}

/// A page at the end of the store.
#[derive(Debug)]
pub(crate) struct EndPage {
    after: Checkpoint,
    safe: Safe,
    end: PageEnd,
    kept: Kept,
    /// Whether another reader used it.
    taken: AtomicBool,
}

impl SharedPages {
    /// The slot of a filter, in this generation of the pool.
    pub(crate) fn of(&self, filter: &Filter, generation: u64) -> Arc<SharedSlot> {
        let mut all = hold(&self.0);
        if all.generation < generation {
            *all = SharedSlots { generation, slots: Vec::new() };
        }
        let slots = &mut all.slots;
        if let Some(slot) = slots.iter().find(|slot| slot.filter == *filter) {
            return Arc::clone(slot);
        }
        if slots.len() == MAX_FILTERS {
            slots.remove(0);
        }
        let slot = Arc::new(SharedSlot { filter: filter.clone(), last: sync::Mutex::default() });
        slots.push(Arc::clone(&slot));
        slot
    }

    /// Drops all pages, including those that are being read: their events may have been lost.
    pub(crate) fn forget(&self) {
        hold(&self.0).slots.clear();
    }
}

impl SharedSlot {
    /// The right to read; `None` if another reader holds it for too long.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, Option<Arc<EndPage>>>> {
        timeout(SHARED_PAGE_WAIT, self.last.lock()).await.ok()
    }
}

impl EndPage {
    pub(crate) const fn new(after: Checkpoint, safe: Safe, end: PageEnd, kept: Kept) -> Self {
        Self { after, safe, end, kept, taken: AtomicBool::new(false) }
    }

    /// Whether this page answers a query that began at this moment: with all events that the server would
    /// return, or, for a follower, with at least some.
    pub(crate) fn answers(&self, query: &AllQuery<'_>, asker: Asker, began: Instant) -> bool {
        self.end.events <= query.limit
            && self.end.bytes <= query.bytes
            && (self.after == query.after || self.kept.holds(query.after))
            && (self.safe.began >= began || asker == Asker::Follower && query.after != self.end.checkpoint)
    }

    /// Waits a moment for other readers that are about to want the next page.
    pub(crate) async fn gather(&self) {
        if self.taken.load(Ordering::Relaxed) && self.safe.began.elapsed() < RECENTLY_SHARED {
            sleep(SHARED_PAGE_GATHER).await;
        }
    }

    pub(crate) fn deliver(
        &self,
        query: &AllQuery<'_>,
        began: Instant,
        sink: Sink<'_>,
    ) -> Result<(PageEnd, Safe), StoreError> {
        self.taken.store(true, Ordering::Relaxed);
        let (events, bytes) = page::deliver(&self.kept, query, sink)?;
        let mut safe = self.safe;
        if safe.began < began {
            // The end may have moved by now: reported as if an open append held it back.
            (safe.began, safe.held) = (began, true);
        }
        Ok((PageEnd { events, bytes, ..self.end }, safe))
    }
}

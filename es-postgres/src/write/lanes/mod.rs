//! Group commit. The appends of a process go through two lanes, a held connection each. A lane that is idle
//! sends at once; what arrives while both are under way waits, and goes together as soon as one of them is
//! back, to each lane its share. So a lone caller never waits for company, and load makes batches.
//!
//! Appends to one stream keep their order: while one is under way, the later ones wait. A lane waits for
//! nobody else's lock for long. What would have to goes apart, on a connection of the pool, and holds up its
//! own stream only. When it has waited for too long, those behind it that have waited for nearly as long fail
//! with it.

mod batch;
mod queue;
#[cfg(test)]
mod tests;
mod waiting;
mod way;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use es_core::{StoreError, StreamId};
use tokio::sync::{Notify, Semaphore};

use self::queue::Queue;
use self::waiting::Place;
use crate::connect::pool::Pool;
use crate::connect::slots::{Scarce, acquire};
use crate::latch::hold;
use crate::wake::Wake;

/// Two keep the server's processors busy: one commits while the other is decided.
const LANES: usize = 2;
/// What each append that waits takes of `waiting_bytes`, and of that for more bytes of payloads and metadata.
const PLACE: usize = 64 << 10;
/// As many as may be counted.
const MOST_PLACES: u32 = 1 << 20;

/// What waits, and what is under way.
pub(crate) struct Lanes {
    pool: Arc<Pool>,
    /// For readers, who wait for appends.
    wake: Arc<Wake>,
    queue: Mutex<Queue>,
    /// Further callers wait for a place.
    places: Arc<Semaphore>,
    /// The same of those that stand behind an append to their stream that is held up: they take no place
    /// from others.
    places_behind: Arc<Semaphore>,
    /// How many places there are.
    most: u32,
    /// Told when something under way has come to its end.
    ended: Notify,
}

impl Lanes {
    pub(crate) fn new(pool: &Arc<Pool>, wake: &Arc<Wake>) -> Self {
        let places = u32::try_from(pool.settings.waiting_bytes / PLACE).unwrap_or(u32::MAX);
        let most = places.clamp(2, MOST_PLACES);
        Self {
            pool: Arc::clone(pool),
            wake: Arc::clone(wake),
            queue: Mutex::new(Queue::new(LANES)),
            places: Arc::new(Semaphore::new(most as usize)),
            places_behind: Arc::new(Semaphore::new(most as usize / 2)),
            most,
            ended: Notify::new(),
        }
    }

    /// A place for an append that has to wait.
    async fn place(&self, stream: &StreamId, bytes: usize, longest: Duration) -> Result<Place, StoreError> {
        let places = u32::try_from(bytes / PLACE).map_or(u32::MAX, |more| more.saturating_add(1));
        let (semaphore, most) = match self.queue().is_apart(stream) {
            true => (&self.places_behind, self.most / 2),
            false => (&self.places, self.most),
        };
        let waits = &self.pool.counters.places;
        acquire(semaphore, places.min(most), Scarce::Appends, most, longest, waits).await
    }

    /// How many appends wait to be sent, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        self.queue().waiting()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        hold(&self.queue)
    }

    /// Takes no more appends, and waits for those that were taken.
    pub(crate) async fn close(&self) {
        self.places.close();
        self.places_behind.close();
        loop {
            let ended = self.ended.notified();
            if self.queue().close() {
                return;
            }
            ended.await;
        }
    }
}

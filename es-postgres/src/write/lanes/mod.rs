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

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use es_core::{Append, StoreError};
use tokio::sync::{Notify, Semaphore};

use self::queue::Queue;
use self::waiting::{Place, bytes};
use crate::connect::pool::Pool;
use crate::connect::slots::{Scarce, acquire};
use crate::wake::Wake;

/// Two keep the server's processors busy: one commits while the other is decided.
const LANES: usize = 2;
/// How many appends wait for a lane at most; further callers wait for a place. A large one takes several.
const PLACES: u32 = 1024;
/// The same of those that stand behind an append to their stream that is held up: they take no place from
/// others.
const PLACES_BEHIND: u32 = PLACES / 2;
/// What a place is for, in bytes of payloads and metadata.
const PLACE: usize = 64 << 10;

/// What waits, and what is under way.
pub(crate) struct Lanes {
    pool: Arc<Pool>,
    /// For readers, who wait for appends.
    wake: Arc<Wake>,
    queue: Mutex<Queue>,
    places: Arc<Semaphore>,
    places_behind: Arc<Semaphore>,
    /// Told when something under way has come to its end.
    ended: Notify,
}

impl Lanes {
    pub(crate) fn new(pool: &Arc<Pool>, wake: &Arc<Wake>) -> Self {
        Self {
            pool: Arc::clone(pool),
            wake: Arc::clone(wake),
            queue: Mutex::new(Queue::new(LANES)),
            places: Arc::new(Semaphore::new(PLACES as usize)),
            places_behind: Arc::new(Semaphore::new(PLACES_BEHIND as usize)),
            ended: Notify::new(),
        }
    }

    /// A place for an append that has to wait.
    async fn place(&self, append: Append<'_>, longest: Duration) -> Result<Place, StoreError> {
        let places = 1 + u32::try_from(bytes(append.events) / PLACE).unwrap_or(PLACES);
        let (semaphore, most) = match self.queue().is_apart(append.stream) {
            true => (&self.places_behind, PLACES_BEHIND),
            false => (&self.places, PLACES),
        };
        acquire(semaphore, places.min(most), Scarce::Appends, most, longest).await
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

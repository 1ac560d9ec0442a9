//! Group commit. The appends of a process go through two lanes, each with a connection of its own. An idle
//! lane sends at once; appends that arrive while both lanes are busy wait, and are sent in one batch as soon
//! as a lane is free, to each lane its share. So a lone caller never waits for others, and under load batches
//! form.
//!
//! An atomic append to several streams, a group, is part of a batch as well, if it is small: all of it is
//! written or nothing, whatever becomes of the others.
//!
//! Appends to one stream keep their order: while one is in flight, later ones wait. A lane waits for locks of
//! others only briefly. An append that has to wait longer is sent separately, on a connection of the pool,
//! and holds up only its own stream. When it times out, later appends to that stream that have waited nearly
//! as long fail with it.

mod batch;
mod builder;
mod columns;
mod filling;
mod group;
mod in_flight;
mod queue;
#[cfg(test)]
mod tests;
mod waiting;

use std::sync::{Arc, Mutex, MutexGuard};

use es_core::{StoreError, StreamId};
use tokio::sync::{Notify, Semaphore};

use self::queue::Queue;
use self::waiting::PlacePermit;
use crate::connect::pool::Pool;
use crate::connect::slots::{Scarce, acquire};
use crate::latch::hold;
use crate::wake::Wake;

/// Two keep the server's processors busy: one commits while the other one executes.
const LANES: usize = 2;
/// The unit in which `waiting_bytes` is counted: a waiting append takes one, and another one for each further
/// unit of its payloads and metadata.
const PLACE_BYTES: usize = 64 << 10;
/// The largest number of places that is counted.
const MAX_PLACES: u32 = 1 << 20;

/// The appends that wait, and those in flight.
pub(crate) struct Lanes {
    pool: Arc<Pool>,
    /// Wakes readers, which wait for appends.
    wake: Arc<Wake>,
    queue: Mutex<Queue>,
    /// Callers wait here for a place in the queue.
    places: Arc<Semaphore>,
    /// Places for appends that wait for a held-up append to their stream, so that they take none from others.
    places_behind: Arc<Semaphore>,
    /// The number of places.
    most: u32,
    /// Notified when an append in flight has ended.
    ended: Notify,
}

impl Lanes {
    pub(crate) fn new(pool: &Arc<Pool>, wake: &Arc<Wake>) -> Self {
        let places = u32::try_from(pool.settings.waiting_bytes / PLACE_BYTES).unwrap_or(u32::MAX);
        let most = places.clamp(2, MAX_PLACES);
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

    /// A place for an append to these streams that has to wait, apart from the others if it waits for a
    /// held-up append to one of them.
    async fn place<'s>(
        &self,
        mut streams: impl Iterator<Item = &'s StreamId> + Send,
        bytes: usize,
    ) -> Result<PlacePermit, StoreError> {
        let places = u32::try_from(bytes / PLACE_BYTES).map_or(u32::MAX, |more| more.saturating_add(1));
        let is_apart = {
            let queue = self.queue();
            streams.any(|stream| queue.is_apart(stream))
        };
        let (semaphore, most) =
            if is_apart { (&self.places_behind, self.most / 2) } else { (&self.places, self.most) };
        let longest = self.pool.settings.longest_connection_wait;
        let waits = &self.pool.counters.places;
        acquire(semaphore, places.min(most), Scarce::Appends, most, longest, waits).await
    }

    /// The number of appends that wait to be sent, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        self.queue().waiting()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        hold(&self.queue)
    }

    /// Accepts no more appends, and waits for those that were accepted.
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

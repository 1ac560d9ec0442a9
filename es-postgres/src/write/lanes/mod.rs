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

use std::cell::Cell;
use std::pin::pin;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use es_core::{Append, AppendOutcome, StoreError, StreamId, Submitted};
use tokio::sync::oneshot::error::RecvError;
use tokio::sync::{Notify, Semaphore, oneshot};

use self::queue::Queue;
use self::waiting::{Place, Waiting, bytes, is_large, waited_too_long};
use crate::connect::idle::Idle;
use crate::connect::patience::Patience;
use crate::connect::pool::{Pool, Session};
use crate::connect::slots::{Scarce, acquire};
use crate::write::lost::Lost;
use crate::write::one::{self, CallError};
use crate::write::remember;

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
    queue: Mutex<Queue>,
    sessions: Mutex<Idle>,
    places: Arc<Semaphore>,
    places_behind: Arc<Semaphore>,
    /// Told when something under way has come to its end.
    ended: Notify,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            queue: Mutex::new(Queue::new(LANES)),
            sessions: Mutex::default(),
            places: Arc::new(Semaphore::new(PLACES as usize)),
            places_behind: Arc::new(Semaphore::new(PLACES_BEHIND as usize)),
            ended: Notify::new(),
        }
    }
}

/// Appends, at once if a lane is idle.
pub(crate) async fn append(pool: &Arc<Pool>, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
    append.check(pool.settings.limits)?;
    let large = is_large(append.events);
    if !pool.lanes.queue().enter(append.stream, large)? {
        return enqueue(pool, append).await?.await;
    }
    let mut way = Way { pool: Arc::clone(pool), streams: vec![append.stream.clone()], in_lane: !large };
    if large {
        return way.apart(append, Patience::of(pool)).await;
    }
    way.append(append).await
}

/// Takes its place among the appends of its stream. What is given back waits for the outcome.
pub(crate) async fn submit(pool: &Arc<Pool>, append: Append<'_>) -> Result<Submitted, StoreError> {
    append.check(pool.settings.limits)?;
    enqueue(pool, append).await
}

async fn enqueue(pool: &Arc<Pool>, append: Append<'_>) -> Result<Submitted, StoreError> {
    let place = pool.lanes.place(append, pool.settings.longest_connection_wait).await?;
    let (reply, outcome) = oneshot::channel();
    pool.lanes.queue().push(Waiting::new(append, reply, place))?;
    start(pool);
    let stream = append.stream.clone();
    Ok(Box::pin(async move {
        // The task that carried it has ended with its runtime, or panicked.
        let unknown = |gone: RecvError| Err(StoreError::OutcomeUnknown { stream, source: gone.into() });
        outcome.await.unwrap_or_else(unknown)
    }))
}

/// Sends what can be sent.
fn start(pool: &Arc<Pool>) {
    let Some(_here) = Starting::enter(pool) else { return };
    loop {
        let Some(work) = pool.lanes.queue().next() else { return };
        let runtime = work.runtime();
        let way = Way { pool: Arc::clone(pool), streams: work.streams(), in_lane: work.needs_lane() };
        // Should that runtime be gone, the future is dropped at once, and leaves the lane to what waits
        // behind it.
        drop(runtime.spawn(way.carry(work)));
    }
}

thread_local! {
    /// The pool of which this thread is starting what waits.
    static STARTING: Cell<*const Pool> = const { Cell::new(ptr::null()) };
}

/// While a thread starts what waits, what it leaves behind at once is started in turn, and not within it.
struct Starting {
    before: *const Pool,
}

impl Starting {
    fn enter(pool: &Arc<Pool>) -> Option<Self> {
        let here = Arc::as_ptr(pool);
        let before = STARTING.replace(here);
        (before != here).then_some(Self { before })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        STARTING.set(self.before);
    }
}

/// What is held while appends are under way: their streams, and the lane that they go through.
struct Way {
    pool: Arc<Pool>,
    streams: Vec<StreamId>,
    in_lane: bool,
}

impl Way {
    /// Appends through the lane, and goes on without it where the outcome takes longer than an answer.
    async fn append(&mut self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        let sent = self.send(append).await;
        if !matches!(sent, Sent::Done(_)) {
            self.leave_lane();
        }
        match sent {
            Sent::Done(outcome) => outcome,
            Sent::HeldUp => self.apart(append, Patience::long()).await,
            Sent::Decided => remember::decided(&self.pool, &append).await,
            Sent::Lost(lost) => lost.find(&self.pool, append).await,
        }
    }

    /// Appends on a connection of the pool. Where that has waited for too long, so have those behind it.
    async fn apart(&self, append: Append<'_>, patience: Patience) -> Result<AppendOutcome, StoreError> {
        let lanes = &self.pool.lanes;
        lanes.queue().set_apart(append.stream);
        let outcome = one::apart(&self.pool, append, patience).await;
        if let Err(error) = &outcome
            && waited_too_long(error).is_some()
        {
            let behind = lanes.queue().give_up(append.stream, self.pool.settings.longest_lock_wait / 2);
            behind.into_iter().for_each(|waiting| waiting.fail_as(error));
        }
        outcome
    }

    /// Sends one append through the lane.
    async fn send(&self, append: Append<'_>) -> Sent {
        let pool = &self.pool;
        let mut session = match pool.lanes.session(pool).await {
            Ok(session) => session,
            Err(error) => return Sent::Done(Err(error)),
        };
        let backend = session.backend;
        let longest = pool.settings.lock_patience;
        let answer = {
            // Pinned where it is: each of those that would take it over would hold it once more.
            let call = pin!(one::send(&mut session, pool, append, None));
            pool.settings.answered_after(longest, 1, call).await
        };
        pool.lanes.keep(pool, session, answer.as_ref().err());
        match answer {
            Ok(outcome) => Sent::Done(Ok(outcome)),
            Err(CallError::Refused(error)) => Sent::Done(Err(error)),
            Err(CallError::Failed(failure)) if failure.is_held_up() => Sent::HeldUp,
            Err(CallError::Failed(failure)) if failure.is_decided() => Sent::Decided,
            Err(CallError::Failed(failure)) if failure.leaves_doubt() => {
                Sent::Lost(Lost { backend, failure })
            }
            Err(CallError::Failed(failure)) => Sent::Done(Err(failure.into())),
        }
    }

    /// Goes on without the lane.
    fn leave_lane(&mut self) {
        if std::mem::take(&mut self.in_lane) {
            self.pool.lanes.queue().leave(&[], true);
            start(&self.pool);
        }
    }

    /// Hands one of the streams on to a way of its own, beside the lanes.
    fn beside(&mut self, stream: &StreamId) -> Self {
        self.streams.retain(|held| held != stream);
        Self { pool: Arc::clone(&self.pool), streams: vec![stream.clone()], in_lane: false }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.pool.hints.appended();
        if self.pool.lanes.queue().leave(&self.streams, self.in_lane) {
            self.pool.lanes.ended.notify_waiters();
        }
        start(&self.pool);
    }
}

/// What became of an append that was sent through a lane.
enum Sent {
    Done(Result<AppendOutcome, StoreError>),
    /// Somebody else holds a lock; nothing was written.
    HeldUp,
    /// The command was decided before; nothing was written.
    Decided,
    /// The connection broke before the answer came.
    Lost(Lost),
}

impl Lanes {
    /// A connection for a lane.
    async fn session(&self, pool: &Arc<Pool>) -> Result<Session, StoreError> {
        loop {
            let idle = self.sessions().take(pool.settings.idle_timeout);
            let Some(session) = idle else { return pool.hurried().await };
            if pool.trusts(&session) {
                return Ok(session);
            }
        }
    }

    /// A connection that no lane needs at present.
    pub(crate) fn spare(&self, pool: &Pool) -> Option<Session> {
        self.sessions().take(pool.settings.idle_timeout)
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

    /// Keeps the connection for the next time, unless it is of no more use.
    fn keep(&self, pool: &Pool, session: Session, failed: Option<&CallError>) {
        match failed {
            Some(CallError::Failed(failure)) if failure.ends_session() => pool.distrust(),
            // Behind a pooler the transaction of the call may still be open; it ends with the connection.
            Some(_) if pool.settings.pooler => {}
            _ => self.sessions().put(session, pool.settings.idle_timeout),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Idle> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
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

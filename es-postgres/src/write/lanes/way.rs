//! Appends under way, through a lane or beside the lanes.

use std::cell::Cell;
use std::pin::pin;
use std::ptr;
use std::sync::Arc;

use es_core::store::{Append, AppendOutcome, Submitted};
use es_core::{StoreError, StreamId};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tracing::{Instrument, debug_span};

use super::Lanes;
use super::batch::{self, Fate, Trouble, answer_each};
use super::queue::{Chain, Work};
use super::waiting::{Course, Waiting, waited_too_long};
use crate::connect::failure::CallError;
use crate::connect::patience::Patience;
use crate::write::lost::Lost;
use crate::write::{decided, one};

impl Lanes {
    /// Appends, at once if a lane is idle.
    pub(crate) async fn append(self: &Arc<Self>, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        let bytes = append.weigh(self.pool.settings.limits)?;
        let course = Course::of(append.events.len(), bytes);
        if !self.queue().enter(append.stream, course)? {
            return self.enqueue(append, bytes).await?.await;
        }
        let mut way = Way { lanes: Arc::clone(self), streams: vec![append.stream.clone()], course };
        match course {
            Course::Lane => way.append(append).await,
            Course::Beside => way.apart(append, Patience::of(&self.pool)).await,
        }
    }

    /// Takes its place among the appends of its stream. What is given back waits for the outcome.
    pub(crate) async fn submit(self: &Arc<Self>, append: Append<'_>) -> Result<Submitted, StoreError> {
        let bytes = append.weigh(self.pool.settings.limits)?;
        self.enqueue(append, bytes).await
    }

    async fn enqueue(self: &Arc<Self>, append: Append<'_>, bytes: usize) -> Result<Submitted, StoreError> {
        let longest = self.pool.settings.longest_connection_wait;
        let place = self.place(append.stream, bytes, longest).await?;
        let (reply, outcome) = oneshot::channel();
        self.queue().push(Waiting::new(append, bytes, reply, place))?;
        self.start();
        let stream = append.stream.clone();
        Ok(Box::pin(async move {
            // The task that carried it has ended with its runtime, or panicked.
            let unknown = |gone: RecvError| Err(StoreError::OutcomeUnknown { stream, source: gone.into() });
            outcome.await.unwrap_or_else(unknown)
        }))
    }

    /// Sends what can be sent.
    pub(super) fn start(self: &Arc<Self>) {
        let Some(_here) = Starting::enter(self) else { return };
        loop {
            let Some(work) = self.queue().next() else { return };
            let runtime = work.runtime();
            let way = Way { lanes: Arc::clone(self), streams: work.streams(), course: work.course() };
            // Should that runtime be gone, the future is dropped at once, and leaves the lane to what waits
            // behind it.
            drop(runtime.spawn(way.carry(work)));
        }
    }
}

thread_local! {
    /// The lanes of which this thread is starting what waits.
    static STARTING: Cell<*const Lanes> = const { Cell::new(ptr::null()) };
}

/// While a thread starts what waits, what it leaves behind at once is started in turn, and not within it.
struct Starting {
    before: *const Lanes,
}

impl Starting {
    fn enter(lanes: &Arc<Lanes>) -> Option<Self> {
        let here = Arc::as_ptr(lanes);
        let before = STARTING.replace(here);
        (before != here).then_some(Self { before })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        STARTING.set(self.before);
    }
}

/// What is held while appends are under way: their streams, and the lane, if they go through one.
struct Way {
    lanes: Arc<Lanes>,
    streams: Vec<StreamId>,
    course: Course,
}

impl Way {
    /// Appends through the lane, and goes on without it where the outcome takes longer than an answer.
    async fn append(&mut self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        loop {
            let sent = self.send(append).await;
            if !matches!(sent, Sent::Done(_) | Sent::Idled) {
                self.leave_lane();
            }
            match sent {
                Sent::Done(outcome) => return outcome,
                Sent::Idled => {}
                Sent::HeldUp => return self.apart(append, Patience::long(&self.lanes.pool)).await,
                Sent::Decided => return decided::one(&self.lanes.pool, &append).await,
                Sent::Lost(lost) => return lost.find(&self.lanes.pool, append).await,
            }
        }
    }

    /// Appends on a connection of the pool. Where that has waited for too long, so have those behind it.
    async fn apart(&self, append: Append<'_>, patience: Patience) -> Result<AppendOutcome, StoreError> {
        let Lanes { pool, .. } = &*self.lanes;
        self.lanes.queue().set_apart(append.stream);
        let outcome = one::apart(pool, append, patience).await;
        if let Err(error) = &outcome
            && waited_too_long(error).is_some()
        {
            let behind = self.lanes.queue().give_up(append.stream, pool.settings.longest_lock_wait / 2);
            behind.into_iter().for_each(|waiting| waiting.fail_as(error));
        }
        outcome
    }

    /// Sends one append through the lane.
    async fn send(&self, append: Append<'_>) -> Sent {
        let pool = &self.lanes.pool;
        let mut session = match pool.hurried().await {
            Ok(session) => session,
            Err(error) => return Sent::Done(Err(error)),
        };
        let (backend, used) = (session.backend, session.used);
        let longest = pool.settings.lock_patience;
        let answer = {
            // Pinned where it is: each of those that would take it over would hold it once more.
            let call = pin!(one::send(&mut session, pool, append, None));
            pool.settings.answered_after(longest, 1, call).await
        };
        pool.keep_hurried(session, answer.as_ref().err());
        match answer {
            Ok(outcome) => Sent::Done(Ok(outcome)),
            Err(CallError::Refused(error)) => Sent::Done(Err(error)),
            Err(CallError::Failed(failure)) if used && failure.is_unsent() => Sent::Idled,
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
        let course = std::mem::replace(&mut self.course, Course::Beside);
        if course == Course::Lane {
            self.lanes.queue().leave(&[], course);
            self.lanes.start();
        }
    }

    /// Hands one of the streams on to a way of its own, beside the lanes.
    fn beside(&mut self, stream: &StreamId) -> Self {
        self.streams.retain(|held| held != stream);
        Self { lanes: Arc::clone(&self.lanes), streams: vec![stream.clone()], course: Course::Beside }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.lanes.wake.appended();
        if self.lanes.queue().leave(&self.streams, self.course) {
            self.lanes.ended.notify_waiters();
        }
        self.lanes.start();
    }
}

/// What became of an append that was sent through a lane.
enum Sent {
    Done(Result<AppendOutcome, StoreError>),
    /// The session broke while it idled, and nothing was sent; the others were thrown away with it.
    Idled,
    /// Somebody else holds a lock; nothing was written.
    HeldUp,
    /// The command was decided before; nothing was written.
    Decided,
    /// The connection broke before the answer came.
    Lost(Lost),
}

impl Way {
    async fn carry(mut self, work: Work) {
        match work {
            Work::Large(waiting) => {
                let outcome = self.apart(waiting.append(), Patience::of(&self.lanes.pool)).await;
                waiting.answer(outcome);
            }
            Work::Batch(chains) => match &chains[..] {
                [chain] if chain.len() == 1 => self.carry_one(chains).await,
                _ => self.carry_all(chains).await,
            },
        }
        // Not only once the lane is left: readers wait for this.
        self.lanes.wake.appended();
        self.let_the_answered_go_first().await;
    }

    /// Callers in a loop come back as soon as they are woken. Were the lane idle before they have had a turn,
    /// the first of them would go alone, and all others would wait for it. A second turn is for those that
    /// another thread of the runtime took.
    async fn let_the_answered_go_first(&self) {
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
    }

    async fn carry_one(&mut self, chains: Vec<Chain>) {
        for waiting in chains.into_iter().flatten() {
            let outcome = self.append(waiting.append()).await;
            waiting.answer(outcome);
        }
    }

    async fn carry_all(&mut self, chains: Vec<Chain>) {
        let appends: usize = chains.iter().map(Vec::len).sum();
        let span = debug_span!("append_batch", streams = chains.len(), appends);
        let fates = match batch::send(&self.lanes.pool, &chains).instrument(span).await {
            Ok(fates) => fates,
            Err(Trouble::Lost(lost)) => {
                self.leave_lane();
                let waiting: Vec<_> = chains.into_iter().flatten().collect();
                let appends: Vec<_> = waiting.iter().map(|waiting| waiting.append()).collect();
                let outcomes = lost.find_each(&self.lanes.pool, &appends).await;
                drop(appends);
                for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
                    waiting.answer(outcome);
                }
                return;
            }
            // One of them is refused, and only they themselves can tell which.
            Err(Trouble::NotWritten) => return chains.into_iter().for_each(|chain| self.send_apart(chain)),
        };
        for (chain, fate) in chains.into_iter().zip(fates) {
            match fate {
                Fate::Appended(appended) => answer_each(chain, appended),
                Fate::Conflict(actual) => {
                    for waiting in chain {
                        waiting.answer(Ok(AppendOutcome::Conflict { actual }));
                    }
                }
                Fate::Apart => self.send_apart(chain),
            }
        }
    }

    /// Appends a chain on a connection of the pool, one after the other, while the lane goes on.
    fn send_apart(&mut self, chain: Chain) {
        let Some(first) = chain.first() else { return };
        let way = self.beside(&first.stream);
        let runtime = first.runtime.clone();
        drop(runtime.spawn(async move {
            let mut chain = chain.into_iter();
            for waiting in chain.by_ref() {
                let outcome = way.apart(waiting.append(), Patience::of(&way.lanes.pool)).await;
                let Some(error) = outcome.as_ref().err().and_then(waited_too_long) else {
                    waiting.answer(outcome);
                    continue;
                };
                waiting.answer(outcome);
                // They build on one that is not written, and have waited as long.
                return chain.for_each(|waiting| waiting.fail_as(&error));
            }
        }));
    }
}

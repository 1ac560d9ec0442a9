//! Appends in flight, through a lane or outside the lanes.

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
use super::batch::{self, Batch, BatchError, ChainOutcome, GroupOutcome, answer_each};
use super::queue::{Streams, Work};
use super::waiting::{Chain, Course, Next, Waiting, WaitingGroup, waited_too_long};
use crate::connect::failure::CallError;
use crate::connect::lock_wait::LockWait;
use crate::write::lost::Lost;
use crate::write::{decided, one};

impl Lanes {
    /// Appends, immediately if a lane is idle.
    pub(crate) async fn append(self: &Arc<Self>, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        let bytes = append.checked_bytes(self.pool.settings.limits)?;
        let course = Course::of(append.events.len(), bytes);
        if !self.queue().enter(append.stream, course)? {
            return self.enqueue(append, bytes).await?.await;
        }
        let mut in_flight = InFlight { lanes: Arc::clone(self), streams: Streams::of(append.stream), course };
        match course {
            Course::Lane => in_flight.append(append).await,
            Course::Beside | Course::Detached => in_flight.apart(append, LockWait::of(&self.pool)).await,
        }
    }

    /// Enqueues an append, in order with the others to its stream, and returns a future for its outcome.
    pub(crate) async fn submit(self: &Arc<Self>, append: Append<'_>) -> Result<Submitted, StoreError> {
        let bytes = append.checked_bytes(self.pool.settings.limits)?;
        self.enqueue(append, bytes).await
    }

    async fn enqueue(self: &Arc<Self>, append: Append<'_>, bytes: usize) -> Result<Submitted, StoreError> {
        let place = self.place(std::iter::once(append.stream), bytes).await?;
        let (reply, outcome) = oneshot::channel();
        self.queue().push(Next::One(Waiting::new(append, bytes, reply, place)))?;
        self.start();
        let stream = append.stream.clone();
        Ok(Box::pin(async move {
            // The task that sent it ended with its runtime, or panicked.
            let unknown = |gone: RecvError| Err(StoreError::OutcomeUnknown { stream, source: gone.into() });
            outcome.await.unwrap_or_else(unknown)
        }))
    }

    /// Starts all appends that can be sent.
    pub(super) fn start(self: &Arc<Self>) {
        let Some(_here) = Starting::enter(self) else { return };
        loop {
            let Some(work) = self.queue().next() else { return };
            let runtime = work.runtime();
            let in_flight =
                InFlight { lanes: Arc::clone(self), streams: work.streams(), course: work.course() };
            // If that runtime has shut down, the future is dropped at once, which frees the lane for later
            // appends.
            drop(runtime.spawn(in_flight.run(work)));
        }
    }
}

thread_local! {
    /// The lanes whose waiting appends this thread is starting.
    static STARTING: Cell<*const Lanes> = const { Cell::new(ptr::null()) };
}

/// Turns recursion into a loop: appends that become ready while a thread is starting others are started by
/// the outer call.
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

/// Appends in flight, with their streams and their lane, if they use one. Dropping it releases both.
pub(super) struct InFlight {
    pub(super) lanes: Arc<Lanes>,
    pub(super) streams: Streams,
    pub(super) course: Course,
}

impl InFlight {
    /// Appends through the lane, and releases the lane if the outcome takes longer than one answer.
    async fn append(&mut self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        loop {
            let sent = self.send(append).await;
            if !matches!(sent, Sent::Done(_) | Sent::LostWhileIdle) {
                self.leave_lane();
            }
            match sent {
                Sent::Done(outcome) => return outcome,
                Sent::LostWhileIdle => {}
                Sent::HeldUp => return self.apart(append, LockWait::long(&self.lanes.pool)).await,
                Sent::Decided => return decided::one(&self.lanes.pool, &append).await,
                Sent::Lost(lost) => return lost.find(&self.lanes.pool, append).await,
            }
        }
    }

    /// Appends on a connection of the pool. If that times out, so do the appends that wait behind it.
    async fn apart(&self, append: Append<'_>, lock_wait: LockWait) -> Result<AppendOutcome, StoreError> {
        let Lanes { pool, .. } = &*self.lanes;
        self.lanes.queue().set_apart(append.stream);
        let outcome = one::apart(pool, append, lock_wait).await;
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
        let mut session = match pool.append_session().await {
            Ok(session) => session,
            Err(error) => return Sent::Done(Err(error)),
        };
        let (backend, used) = (session.backend, session.used);
        let longest = pool.settings.append_lock_timeout;
        let answer = {
            // Pinned here: moving the future into each caller would copy it each time.
            let call = pin!(one::send(&mut session, pool, append, None));
            pool.settings.answered_after(longest, 1, call).await
        };
        pool.keep_append_session(session, answer.as_ref().err());
        match answer {
            Ok(outcome) => Sent::Done(Ok(outcome)),
            Err(CallError::Refused(error)) => Sent::Done(Err(error)),
            Err(CallError::Failed(failure)) if used && failure.is_unsent() => Sent::LostWhileIdle,
            Err(CallError::Failed(failure)) if failure.is_held_up() => Sent::HeldUp,
            Err(CallError::Failed(failure)) if failure.is_decided() => Sent::Decided,
            Err(CallError::Failed(failure)) if failure.has_unknown_outcome() => {
                Sent::Lost(Lost { backend, failure })
            }
            Err(CallError::Failed(failure)) => Sent::Done(Err(failure.into())),
        }
    }

    /// Releases the lane.
    pub(super) fn leave_lane(&mut self) {
        let course = std::mem::replace(&mut self.course, Course::Beside);
        if course == Course::Lane {
            self.lanes.queue().leave(&Streams::default(), course);
            self.lanes.start();
        }
    }

    /// Splits off one of the streams, to be sent outside the lanes.
    fn beside(&mut self, stream: &StreamId) -> Self {
        self.streams.written.retain(|held| held != stream);
        Self { lanes: Arc::clone(&self.lanes), streams: Streams::of(stream), course: Course::Beside }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.lanes.wake.appended();
        if self.lanes.queue().leave(&self.streams, self.course) {
            self.lanes.ended.notify_waiters();
        }
        self.lanes.start();
    }
}

/// The result of sending an append through a lane.
enum Sent {
    Done(Result<AppendOutcome, StoreError>),
    /// The session broke while idle, and nothing was sent; the other idle sessions were closed as well.
    LostWhileIdle,
    /// Another transaction holds a lock; nothing was written.
    HeldUp,
    /// The command was decided before; nothing was written.
    Decided,
    /// The connection broke before the answer came.
    Lost(Lost),
}

impl InFlight {
    async fn run(mut self, work: Work) {
        match work {
            Work::Large(waiting) => {
                let outcome = self.apart(waiting.append(), LockWait::of(&self.lanes.pool)).await;
                waiting.answer(outcome);
            }
            Work::Batch(chains, groups) => match &chains[..] {
                [chain] if chain.len() == 1 && groups.is_empty() => self.run_one(chains).await,
                _ => self.run_all(chains, groups).await,
            },
        }
        // Before the lane is released: readers wait for this.
        self.lanes.wake.appended();
        self.yield_to_answered_callers().await;
    }

    /// Callers in a loop append again as soon as they are woken. If the lane were idle before they ran, the
    /// first of them would be sent alone, and all others would wait for it. The second yield is for callers
    /// that another thread of the runtime runs.
    async fn yield_to_answered_callers(&self) {
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
    }

    async fn run_one(&mut self, chains: Vec<Chain>) {
        for waiting in chains.into_iter().flatten() {
            let outcome = self.append(waiting.append()).await;
            waiting.answer(outcome);
        }
    }

    async fn run_all(&mut self, chains: Vec<Chain>, groups: Vec<WaitingGroup>) {
        let appends = chains.iter().map(Vec::len).chain(groups.iter().map(WaitingGroup::len)).sum::<usize>();
        let span = debug_span!("append_batch", streams = self.streams.written.len(), appends);
        let sent = {
            let groups: Vec<_> = groups.iter().map(WaitingGroup::appends).collect();
            let groups: Vec<_> = groups.iter().map(Vec::as_slice).collect();
            let batch = Batch { chains: &chains, groups: &groups };
            batch::send(&self.lanes.pool, batch).instrument(span).await
        };
        let outcomes = match sent {
            Ok(outcomes) => outcomes,
            Err(BatchError::Lost(lost)) => return self.find_all(lost, chains, groups).await,
            // One of them is refused; sending each separately shows which one.
            Err(BatchError::NotWritten) => {
                chains.into_iter().for_each(|chain| self.send_apart(chain));
                return groups.into_iter().for_each(|group| self.send_group_apart(group));
            }
        };
        for (chain, outcome) in chains.into_iter().zip(outcomes.chains) {
            match outcome {
                ChainOutcome::Appended(appended) => answer_each(chain, appended),
                ChainOutcome::Conflict(actual) => {
                    for waiting in chain {
                        waiting.answer(Ok(AppendOutcome::Conflict { actual }));
                    }
                }
                ChainOutcome::Apart => self.send_apart(chain),
            }
        }
        for (group, outcome) in groups.into_iter().zip(outcomes.groups) {
            match outcome {
                GroupOutcome::Decided(outcomes) => group.answer(Ok(outcomes)),
                GroupOutcome::Apart => self.send_group_apart(group),
            }
        }
    }

    /// Sends the appends of a chain one after the other on a connection of the pool, while the lane
    /// continues.
    fn send_apart(&mut self, chain: Chain) {
        let Some(first) = chain.first() else { return };
        let in_flight = self.beside(first.stream());
        let runtime = first.runtime.clone();
        drop(runtime.spawn(async move {
            let mut chain = chain.into_iter();
            for waiting in chain.by_ref() {
                let outcome = in_flight.apart(waiting.append(), LockWait::of(&in_flight.lanes.pool)).await;
                let Some(error) = outcome.as_ref().err().and_then(waited_too_long) else {
                    waiting.answer(outcome);
                    continue;
                };
                waiting.answer(outcome);
                // They follow an append that was not written, and have waited as long.
                return chain.for_each(|waiting| waiting.fail_as(&error));
            }
        }));
    }
}

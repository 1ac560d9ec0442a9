//! Firing the timers of a process.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::clock::Clock;
use super::instance::{LedBy, Taken, asked};
use super::sender::steps_of;
use super::step::Steppers;
use super::stepped::Stepped;
use super::steps::StepError;
use super::timer_index::{Index, StepsPage, Stuck, StuckTimer, TimerEntry, TimerName};
use super::{Process, ids};
use crate::__private::decode_recorded;
use crate::error::{ExecuteError, StoreError};
use crate::latch::hold;
use crate::projection::awaited;
use crate::record::{Metadata, RawEvent};
use crate::repository::Repository;
use crate::store::{ReadAll, Rest};
use crate::stream::{Revision, StreamKey};
use crate::subscription::{Subscription, When};

/// How many timers fire in parallel; see the inputs.
const MOST_RUNNING: usize = 512;

/// The first and the longest wait before a timer that failed is retried.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

/// The timers that a runner knows between two calls that catch up.
pub(super) type KnownTimers<S> = Arc<Mutex<Option<(Index, Subscription<S>)>>>;

/// Fires the timers of a process.
pub(super) struct Timers<P: Process, S> {
    pub(super) store: S,
    pub(super) steppers: Steppers<P>,
    pub(super) clock: Clock,
    pub(super) poll_every: Duration,
    pub(super) stuck: Stuck,
}

impl<P: Process, S: ReadAll + Clone + 'static> Timers<P, S> {
    /// Fires timers as they come due, until the store fails or is closed.
    pub(super) async fn run(&self) -> Result<(), StoreError> {
        let (sender, pages) = mpsc::channel(1);
        // Beside each other: a read that takes long is not dropped whenever a timer comes due.
        tokio::select! {
            ended = send_pages(self.steps().poll_every(self.poll_every), sender) => ended,
            never = self.fire_all(pages) => match never {},
        }
    }

    async fn fire_all(&self, mut pages: Receiver<StepsPage>) -> Infallible {
        let mut index = Index::new(&self.stuck);
        loop {
            let (next, again) = (index.next(), index.waiting.keys().next().copied());
            tokio::select! {
                Some(page) = pages.recv() => if index.read(page) == Rest::More { continue },
                () = self.clock.reach(next) => {}
                () = wait_until(again) => {}
            }
            self.fire_due(&mut index).await;
        }
    }

    fn steps(&self) -> Subscription<S> {
        Subscription::new(self.store.clone()).filter(steps_of::<P>())
    }

    /// Fires everything that is due by now, including what those that fire schedule for now or before. The
    /// next call continues to read where this one ended, unless it failed or was dropped.
    pub(super) async fn catch_up(&self, known: &KnownTimers<S>) -> Result<(), StoreError> {
        let kept = hold(known).take();
        let (mut index, mut steps) = kept.unwrap_or_else(|| (Index::new(&self.stuck), self.steps()));
        index.stop_waiting();
        loop {
            while index.read(read_page(&mut steps, When::Now).await?) != Rest::Nothing {}
            if self.fire_due(&mut index).await == 0 {
                *hold(known) = Some((index, steps));
                return Ok(());
            }
        }
    }

    /// Fires what is due now; returns how many fired, or were no longer pending.
    async fn fire_due(&self, index: &mut Index) -> usize {
        let (mut fired, mut running, mut ready) = (0, JoinSet::new(), VecDeque::new());
        loop {
            // As one ends, the next one begins.
            while running.len() < MOST_RUNNING {
                if ready.is_empty() {
                    ready = self.loaded(index.due(self.clock.now(), MOST_RUNNING)).await;
                }
                let Some((place, entry)) = ready.pop_front() else { break };
                let (steppers, clock) = (self.steppers.clone(), self.clock.clone());
                running.spawn(async move {
                    let done = awaited(fire_at(&steppers, &clock, &place, entry)).await;
                    let failed = match done {
                        Ok(Ok(())) => None,
                        Ok(Err(error)) => Some(error.to_string()),
                        Err(panic) => Some(panic.to_string()),
                    };
                    (place, entry, failed)
                });
            }
            match running.join_next().await {
                None => return fired,
                Some(Ok((place, _, None))) => {
                    hold(&self.stuck).remove(&(place.key.clone(), place.name.clone()));
                    fired += 1;
                }
                Some(Ok((place, entry, Some(reason)))) => self.failed(index, &place, entry, reason),
                // The runtime shuts down.
                Some(Err(_)) => {}
            }
        }
    }

    /// Loads the instances together.
    async fn loaded(&self, due: Vec<(Arc<TimerName>, TimerEntry)>) -> VecDeque<(Arc<TimerName>, TimerEntry)> {
        let keys: Vec<_> = due.iter().map(|(place, _)| place.key.as_str()).collect();
        self.steppers.own.warm(&keys).await;
        due.into()
    }

    fn failed(&self, index: &mut Index, place: &Arc<TimerName>, entry: TimerEntry, reason: String) {
        let TimerName { key, name } = &**place;
        tracing::warn!(process = P::NAME, key, timer = name, reason, "a timer did not fire; it is retried");
        let mut stuck = hold(&self.stuck);
        let known = stuck.entry((key.clone(), name.clone())).or_insert_with(|| StuckTimer {
            key: key.clone(),
            timer: name.clone(),
            due: entry.due,
            tries: 0,
            reason: String::new(),
        });
        known.tries = known.tries.saturating_add(1);
        known.reason = reason;
        let wait = WAITS.0.saturating_mul(1 << known.tries.min(16)).min(WAITS.1);
        index.waiting.entry(Instant::now() + wait).or_default().push((entry.due, Arc::clone(place)));
    }
}

/// Reads steps as they come, until the store fails or is closed.
async fn send_pages<S: ReadAll>(
    mut steps: Subscription<S>,
    pages: Sender<StepsPage>,
) -> Result<(), StoreError> {
    loop {
        match read_page(&mut steps, When::UntilFound).await {
            // They are received as long as this runs.
            Ok(page) => drop(pages.send(page).await),
            Err(StoreError::Closed) => return Ok(()),
            Err(error) if error.is_retryable() => tokio::time::sleep(WAITS.0).await,
            Err(error) => return Err(error),
        }
    }
}

/// Reads a page of steps.
async fn read_page<S: ReadAll>(steps: &mut Subscription<S>, when: When) -> Result<StepsPage, StoreError> {
    let mut found = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        found.push(decode_recorded::<Stepped>(&raw)?);
        Ok(())
    };
    let page = steps.read(when, &mut take).await?;
    Ok((page.rest, found))
}

async fn wait_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn fire_at<P: Process>(
    steppers: &Steppers<P>,
    clock: &Clock,
    place: &TimerName,
    entry: TimerEntry,
) -> Result<(), ExecuteError<StepError>> {
    let id = P::Id::from_key(&place.key).map_err(StoreError::from)?;
    steppers.fire((&id, entry.revision, entry.due), &place.name, entry.scheduled_by, clock).await
}

impl<P: Process> Steppers<P> {
    /// Fires a timer, unless it is no longer pending as that step scheduled it.
    pub(super) async fn fire(
        &self,
        (id, revision, due): (&P::Id, Revision, OffsetDateTime),
        name: &str,
        scheduled_by: Uuid,
        clock: &Clock,
    ) -> Result<(), ExecuteError<StepError>> {
        let stream = Repository::stream_id(&self.own, id).map_err(StoreError::from)?;
        let by = LedBy { step: ids::of_timer(scheduled_by, name), name, id: scheduled_by };
        let mut metadata = Metadata::new();
        metadata.occurred_at = clock.follows().then_some(due);
        let stored = self
            .take(id, by, metadata, |instance| {
                let key = P::Id::from_key(stream.key()).map_err(|_| StepError::Key)?;
                let fired = asked(|| instance.on_timer((key, &stream, revision), name, scheduled_by))??;
                Ok(fired.map_or(Taken::Ignored, Taken::Steps))
            })
            .await?;
        if stored {
            self.counters.fired.count();
        }
        Ok(())
    }
}

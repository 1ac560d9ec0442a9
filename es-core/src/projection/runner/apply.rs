//! The events of a page, as a batch or one by one, and the handling of one that fails.

use std::time::Duration;

use tracing::debug;

use super::worker::{Turn, Worker};
use crate::projection::batch::{Batch, Committed, Parked};
use crate::projection::cause::Cause;
use crate::projection::effects::Work;
use crate::projection::error::ProjectorError;
use crate::projection::failure::ProjectionFailure;
use crate::projection::handler;
use crate::projection::settings::OnFailure;
use crate::projection::target::{Begun, Step, Target};
use crate::projection::{Projection, ProjectionPage};
use crate::record::{BoxError, EventPlace};
use crate::store::{Checkpoint, ReadAll, Rest};

/// The longest wait before an event is retried.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// How many times a failure that may or may not be transient is retried, before it counts as the event's.
const HIDDEN_TRIES: u32 = 4;

/// The outcome of one event.
pub(super) enum One<S> {
    /// The checkpoint has moved, to it or past it.
    Passed(S),
    Ended(Turn),
}

/// What to do with an event that failed.
enum Verdict {
    /// Retry it, as in [`Turn::Failed`].
    Wait(Option<Duration>),
    Park(u32),
    Stop,
}

impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Worker<P, S, T> {
    /// All events of a page at once, except those of parked streams.
    pub(super) async fn together(
        &mut self,
        session: T::Session,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let (to, rest, count) = (page.checkpoint, page.rest, page.events.len());
        let Some(mut batch) = self.begin(session, from, to, count).await? else {
            return Ok(Turn::Overtaken);
        };
        let mut events = page.events;
        if batch.parks_some() {
            let mut free = Vec::with_capacity(events.len());
            for (event, (place, name)) in events.into_iter().zip(page.places.iter().zip(page.names)) {
                if batch.parks(&place.stream) {
                    batch.park(&Parked::behind(place, name)).await?;
                } else {
                    free.push(event);
                }
            }
            events = free;
        }
        match project_and_commit(&*self.projection, batch, &events).await? {
            Committed::Done(session) => {
                self.session = Some(session);
                self.moved(to, count);
                Ok(Turn::Moved(rest))
            }
            Committed::Refused(batch, error) => {
                debug!(projection = P::NAME, %error, "the batch is retried event by event");
                self.session = Some(batch.roll_back().await?);
                self.singly = true;
                Ok(Turn::Again)
            }
        }
    }

    /// Each event in its own batch, up to one that fails.
    pub(super) async fn one_by_one(
        &mut self,
        mut session: T::Session,
        page: ProjectionPage<P>,
        mut from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let broken = page.broken.map(|(place, error)| (Err(error.into()), place));
        let events = page.events.into_iter().map(Ok).zip(page.places).chain(broken);
        for ((event, place), name) in events.zip(page.names) {
            let to = place.checkpoint();
            session = match self.one(session, from, event, (place, name)).await? {
                One::Passed(session) => session,
                One::Ended(turn) => return Ok(turn),
            };
            self.moved(to, 1);
            from = to;
        }
        self.session = Some(session);
        self.singly = false;
        // What follows the last event of the page was not passed yet.
        Ok(Turn::Moved(Rest::More))
    }

    pub(super) async fn one(
        &mut self,
        session: T::Session,
        from: Checkpoint,
        event: Result<P::Event, BoxError>,
        (place, name): (EventPlace, &str),
    ) -> Result<One<T::Session>, ProjectorError> {
        let to = place.checkpoint();
        let Some(mut batch) = self.begin(session, from, to, 1).await? else {
            return Ok(One::Ended(Turn::Overtaken));
        };
        if batch.parks(&place.stream) {
            batch.park(&Parked::behind(&place, name)).await?;
            return batch.commit().await?.session(T::cause).map(One::Passed);
        }
        let (batch, source) = match event {
            Ok(event) => {
                match project_and_commit(&*self.projection, batch, std::slice::from_ref(&event)).await? {
                    Committed::Done(session) => return Ok(One::Passed(session)),
                    Committed::Refused(batch, error) => (batch, error),
                }
            }
            Err(error) => (batch, error),
        };
        let session = batch.roll_back().await?;
        let cause = Cause::of(&source, T::cause);
        let failure = ProjectionFailure::of::<P>(place, source, cause);
        match self.verdict(&failure) {
            Verdict::Stop => Err(ProjectorError::stopped(failure, || self.target.advice())),
            Verdict::Wait(after) => {
                self.session = after.is_some().then_some(session);
                Ok(One::Ended(Turn::Failed { error: failure.into(), after }))
            }
            Verdict::Park(attempts) => {
                let Some(mut batch) = self.begin(session, from, to, 1).await? else {
                    return Ok(One::Ended(Turn::Overtaken));
                };
                let reason = &*failure.source.to_string();
                let letter = Parked { place: &failure.place, event: name, attempts, reason };
                batch.park(&letter).await?;
                batch.commit().await?.session(T::cause).map(One::Passed)
            }
        }
    }

    /// Begins a batch; `None` if another worker came first.
    pub(super) async fn begin(
        &mut self,
        session: T::Session,
        from: Checkpoint,
        to: Checkpoint,
        events: usize,
    ) -> Result<Option<T::Batch>, ProjectorError> {
        let (per_second, owner) = (self.pace.per_second, &*self.options.owner);
        let step = Step {
            partition: self.partition,
            from,
            to,
            events,
            per_second,
            owner,
            epoch: self.owned.lease.epoch,
        };
        match self.target.begin(session, &step).await? {
            Begun::Batch(batch) => Ok(Some(batch)),
            Begun::Overtaken(session) => {
                self.session = Some(session);
                Ok(None)
            }
        }
    }

    fn verdict(&mut self, failure: &ProjectionFailure) -> Verdict {
        let (place, cause) = (&failure.place, failure.cause);
        if cause.passes() {
            return Verdict::Wait(None);
        }
        let attempts = match self.failing {
            Some((position, attempts)) if position == place.position => attempts.saturating_add(1),
            _ => 1,
        };
        self.failing = Some((place.position, attempts));
        let options = &self.options;
        if cause == Cause::Newer {
            Verdict::Stop
        } else if cause == Cause::Hidden && attempts <= HIDDEN_TRIES {
            Verdict::Wait(None)
        } else if attempts <= options.retries {
            let doublings = (attempts - 1).min(20);
            let after = options.retry_after.saturating_mul(1 << doublings);
            let after = after.min(LONGEST_RETRY);
            Verdict::Wait(Some(match P::WORK {
                Work::Model => after,
                // Others call the same services as effects do, and failed at the same moment.
                Work::Effects => after.mul_f64(0.5 + fastrand::f64() / 2.0),
            }))
        } else if options.on_failure == OnFailure::Park && cause != Cause::Setup {
            Verdict::Park(attempts)
        } else {
            Verdict::Stop
        }
    }
}

/// Applies events to the model and commits, if none fails.
async fn project_and_commit<P: Projection, B: Batch<P>>(
    projection: &P,
    mut batch: B,
    events: &[P::Event],
) -> Result<Committed<B, B::Session>, ProjectorError> {
    if !events.is_empty()
        && let Err(error) = handler::project(projection, events, batch.model()).await
    {
        return Ok(Committed::Refused(batch, error));
    }
    batch.commit().await
}

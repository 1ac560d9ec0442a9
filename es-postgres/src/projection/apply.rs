//! The events of a page, as a batch or one by one, and what becomes of one that fails.

use std::time::Duration;

use es_core::{Checkpoint, DecodeError, EventPlace, Projection, ProjectionFailure, ProjectionPage, Rest};
use sqlx::PgConnection;
use tracing::debug;

use super::batch::{Batch, Move, Projected};
use super::cause::Cause;
use super::error::ProjectorError;
use super::target::{OnFailure, Target};
use super::worker::{Turn, Worker};

/// The longest wait before an event is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// How often a failure of which nobody can tell whether it passes is tried again, before it counts as that of
/// the event.
const HIDDEN_TRIES: u32 = 4;

const BEHIND_ANOTHER: &str = "an earlier event of its stream is parked";

/// What becomes of an event that failed.
enum Verdict {
    /// Tries it again, as in [`Turn::Failed`].
    Wait(Option<Duration>),
    Park(u32),
    Stop,
}

impl<P: Projection<Model = PgConnection>> Worker<P> {
    /// All events of a page at once, but for those of parked streams.
    pub(super) async fn together(
        &mut self,
        connection: &mut PgConnection,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let target = self.target.clone();
        let (to, rest, events) = (page.checkpoint, page.rest, page.events.len());
        let step = Move { from, to, events, per_second: self.pace.per_second };
        let Some(mut batch) = Batch::begin(&target, connection, self.part, step).await? else {
            return Ok(Turn::Overtaken);
        };
        let mut events = page.events;
        if batch.parks_some() {
            let mut free = Vec::with_capacity(events.len());
            for (event, place) in events.into_iter().zip(&page.places) {
                if batch.parks(&place.stream) {
                    batch.park(place, 0, BEHIND_ANOTHER).await?;
                } else {
                    free.push(event);
                }
            }
            events = free;
        }
        match batch.project_and_commit(&events).await? {
            Projected::Done => {
                self.moved(to, step.events);
                Ok(Turn::Moved(rest))
            }
            Projected::Failed(error) => {
                debug!(projection = P::NAME, %error, "the batch is taken event by event");
                batch.roll_back().await?;
                self.singly = true;
                Ok(Turn::Again)
            }
        }
    }

    /// Each event in a batch of its own, up to one that fails.
    pub(super) async fn one_by_one(
        &mut self,
        connection: &mut PgConnection,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let target = self.target.clone();
        let mut from = from;
        let broken = page.broken.map(|(place, error)| (Err(error), place));
        for (event, place) in page.events.into_iter().map(Ok).zip(page.places).chain(broken) {
            let to = place.checkpoint();
            let step = Move { from, to, events: 1, per_second: self.pace.per_second };
            if let Some(turn) = self.one(&target, connection, step, event, place).await? {
                return Ok(turn);
            }
            self.moved(to, 1);
            from = to;
        }
        self.singly = false;
        // What follows the last event of the page was not passed yet.
        Ok(Turn::Moved(Rest::More))
    }

    /// One event. `None` if the checkpoint has moved, with it or past it.
    async fn one(
        &mut self,
        target: &Target<P>,
        connection: &mut PgConnection,
        step: Move,
        event: Result<P::Event, DecodeError>,
        place: EventPlace,
    ) -> Result<Option<Turn>, ProjectorError> {
        let Some(mut batch) = Batch::begin(target, connection, self.part, step).await? else {
            return Ok(Some(Turn::Overtaken));
        };
        if batch.parks(&place.stream) {
            batch.park(&place, 0, BEHIND_ANOTHER).await?;
            batch.commit().await?;
            return Ok(None);
        }
        let source = match event {
            Ok(event) => match batch.project_and_commit(std::slice::from_ref(&event)).await? {
                Projected::Done => return Ok(None),
                Projected::Failed(error) => error,
            },
            Err(error) => error.into(),
        };
        batch.roll_back().await?;
        let cause = Cause::of(&source);
        let failure = ProjectionFailure::of::<P>(place, source);
        match self.verdict(&failure.place, cause) {
            Verdict::Stop => Err(target.stopped(failure, cause)),
            Verdict::Wait(after) => Ok(Some(Turn::Failed { error: failure.into(), after })),
            Verdict::Park(attempts) => {
                let batch = Batch::begin(target, connection, self.part, step).await?;
                let Some(mut batch) = batch else { return Ok(Some(Turn::Overtaken)) };
                batch.park(&failure.place, attempts, &failure.source.to_string()).await?;
                batch.commit().await?;
                Ok(None)
            }
        }
    }

    fn verdict(&mut self, place: &EventPlace, cause: Cause) -> Verdict {
        if cause.passes() {
            return Verdict::Wait(None);
        }
        let attempts = match self.failing {
            Some((position, attempts)) if position == place.position => attempts.saturating_add(1),
            _ => 1,
        };
        self.failing = Some((place.position, attempts));
        let options = &self.target.options;
        if cause == Cause::Newer {
            Verdict::Stop
        } else if cause == Cause::Hidden && attempts <= HIDDEN_TRIES {
            Verdict::Wait(None)
        } else if attempts <= options.retries {
            let doublings = (attempts - 1).min(20);
            let after = options.retry_after.saturating_mul(1 << doublings);
            Verdict::Wait(Some(after.min(LONGEST_RETRY)))
        } else if options.on_failure == OnFailure::Park && cause != Cause::Setup {
            Verdict::Park(attempts)
        } else {
            Verdict::Stop
        }
    }
}

//! The loop of one part: read a page, run it as a batch, and know what to do when that fails.

use std::time::{Duration, Instant};

use es_core::{
    Checkpoint, EventPlace, EventStore, Part, Position, Projection, ProjectionFailure, ProjectionPage, Rest,
    StoreError,
};
use sqlx::PgConnection;
use tokio::time::sleep;
use tracing::{Instrument, debug, debug_span};

use super::batch::{Batch, Move, kept, position};
use super::cause::Cause;
use super::pace::Pace;
use super::pages::Pages;
use super::retrying::Tries;
use super::session::Session;
use super::{OnFailure, Projector, ProjectorError};

/// The longest wait before an event is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// How long to wait for an append that holds back what follows it, when nothing else is waited for.
const HELD: Duration = Duration::from_millis(2);

/// How long to wait between two looks at another worker's checkpoint, at least.
const SHORTEST_LOOK: Duration = Duration::from_millis(10);

/// How often a failure of which nobody can tell whether it passes is tried again, before it counts as that of
/// the event.
const HIDDEN_TRIES: u32 = 4;

const BEHIND_ANOTHER: &str = "an earlier event of its stream is parked";

pub(super) struct Worker<P: Projection<Model = PgConnection>> {
    projector: Projector<P>,
    part: Part,
    session: Option<Session>,
    pages: Pages<P>,
    /// Where the stored checkpoint stands, as far as is known; nothing before it was read.
    checkpoint: Option<Checkpoint>,
    /// Whether the next page is taken event by event: the last one failed as a whole.
    singly: bool,
    /// The event that failed last, and how often.
    failing: Option<(Position, u32)>,
    published: bool,
    pace: Pace,
    tries: Tries,
}

/// What became of a turn.
enum Turn {
    /// The checkpoint has moved.
    Moved(Rest),
    /// There is nothing to read.
    Nothing(Rest),
    /// Another worker has moved the checkpoint.
    Overtaken,
    /// The same again.
    Again,
    /// The same again, after this time; without one on another connection, after longer and longer waits.
    Failed { error: ProjectorError, after: Option<Duration> },
}

/// What becomes of an event that failed.
enum Verdict {
    /// Tries it again, as in [`Turn::Failed`].
    Wait(Option<Duration>),
    Park(u32),
    Stop,
}

impl<P: Projection<Model = PgConnection>> Worker<P> {
    pub(super) fn new(projector: Projector<P>, part: Part) -> Self {
        let options = &projector.options;
        Self {
            pages: Pages::new(&projector.store, part, options),
            tries: Tries::new(&projector.retrying, P::NAME, part.index()),
            projector,
            part,
            session: None,
            checkpoint: None,
            singly: false,
            failing: None,
            published: false,
            pace: Pace::new(),
        }
    }

    pub(super) async fn run(mut self, live: bool) -> Result<(), ProjectorError> {
        let mut at_end = false;
        loop {
            let (error, after) = match self.step(live && at_end).await {
                Ok(Turn::Failed { error, after }) if live || after.is_some() || self.is_patient() => {
                    (error, after)
                }
                Err(error) if live && error.is_retryable() => (error, None),
                Ok(Turn::Failed { error, .. }) | Err(error) => {
                    self.note(&error.to_string()).await;
                    return Err(error);
                }
                Ok(turn) => {
                    self.tries.succeeded();
                    match turn {
                        Turn::Moved(Rest::Nothing) | Turn::Nothing(Rest::Nothing) if !live => return Ok(()),
                        Turn::Moved(rest) => at_end = rest != Rest::More,
                        Turn::Nothing(_) if live => at_end = true,
                        Turn::Nothing(Rest::Held) => sleep(HELD).await,
                        Turn::Nothing(_) | Turn::Again | Turn::Failed { .. } => {}
                        Turn::Overtaken => {
                            at_end = false;
                            self.overtaken(live).await?;
                        }
                    }
                    continue;
                }
            };
            self.note(&error.to_string()).await;
            if after.is_none() {
                // What became of the last batch is only known to the server.
                (self.session, self.checkpoint) = (None, None);
                at_end = false;
            }
            let wait = self.tries.failed(&error);
            sleep(after.unwrap_or(wait)).await;
        }
    }

    /// Whether what passes is waited for, of a call that does not wait for ever.
    fn is_patient(&self) -> bool {
        self.tries.lasting() < self.projector.store.pool().settings.patience
    }

    async fn overtaken(&mut self, live: bool) -> Result<(), ProjectorError> {
        self.pages.forget();
        // The next page comes from the server, not from another reader.
        self.checkpoint = None;
        match if live { self.stand_by().await } else { Ok(()) } {
            Err(error) if error.is_retryable() => {
                debug!(%error, "standing by");
                Ok(())
            }
            Err(error) => {
                self.note(&error.to_string()).await;
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    /// A turn, and publishing if that has brought it to the end of what can be read.
    async fn step(&mut self, wait: bool) -> Result<Turn, ProjectorError> {
        let turn = self.turn(wait).await?;
        if matches!(turn, Turn::Moved(Rest::Nothing | Rest::Held) | Turn::Nothing(Rest::Nothing | Rest::Held))
            && !self.published
            && self.projector.options.publish
        {
            self.published = match self.projector.publish().await {
                Ok(()) => true,
                // There is more to read by now.
                Err(ProjectorError::Behind { .. }) => false,
                Err(error) => return Err(error),
            };
        }
        Ok(turn)
    }

    async fn turn(&mut self, wait: bool) -> Result<Turn, ProjectorError> {
        let from = match self.checkpoint {
            Some(checkpoint) => checkpoint,
            None => self.reload().await?,
        };
        // Before the page: if the connection outlives the batch, the server that the events were read from is
        // the one that is written to, and has not lost them in between.
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                self.pages.forget();
                self.projector.session().await?
            }
        };
        let page = match self.pages.read(from, wait).await {
            // The stored checkpoint decides whether the history is another one.
            Err(StoreError::ForeignCheckpoint { .. }) if self.reload().await? != from => {
                self.pages.forget();
                return Ok(Turn::Again);
            }
            page => page?,
        };
        if page.checkpoint == from && page.broken.is_none() {
            self.session = Some(session);
            return Ok(Turn::Nothing(page.rest));
        }
        let singly =
            page.events.is_empty() && page.broken.is_some() || self.singly && !page.events.is_empty();
        if page.rest == Rest::More && page.broken.is_none() && !singly {
            self.pages.read_ahead(page.checkpoint, self.pace.fitting(self.projector.options.page_size));
        }
        let span = debug_span!("project", projection = P::NAME, part = self.part.index(), from = %from.position(),
            to = %page.checkpoint.position(), events = page.events.len(), singly);
        let projector = self.projector.clone();
        let db = &mut session.connection;
        let work = async {
            match singly {
                true => self.one_by_one(db, page, from).instrument(span).await,
                false => self.together(db, page, from).instrument(span).await,
            }
        };
        let (turn, holders) = projector.observed(session.backend, Box::pin(work)).await;
        let turn = match turn {
            Ok(Turn::Failed { error: ProjectorError::Failed(failure), after: None }) => {
                let doing = format!("the event at {}", failure.place);
                let error = projector.held_up(ProjectorError::Failed(failure), holders, || doing);
                Ok(Turn::Failed { error, after: None })
            }
            turn => turn.map_err(|error| projector.held_up(error, holders, || String::from("a batch"))),
        };
        // A connection that failed half-way is thrown away, and its batch with it.
        if !matches!(turn, Err(_) | Ok(Turn::Failed { after: None, .. })) {
            self.session = Some(session);
        }
        turn
    }

    /// All events of a page at once, but for those of parked streams.
    async fn together(
        &mut self,
        connection: &mut PgConnection,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let projector = self.projector.clone();
        let (to, rest, events) = (page.checkpoint, page.rest, page.events.len());
        let step = Move { from, to, events, per_second: self.pace.per_second };
        let Some(mut batch) = Batch::begin(&projector, connection, self.part, step).await? else {
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
            Ok(()) => {
                self.moved(to, step.events);
                Ok(Turn::Moved(rest))
            }
            Err(error) => {
                debug!(projection = P::NAME, %error, "the batch is taken event by event");
                batch.roll_back().await?;
                self.singly = true;
                Ok(Turn::Again)
            }
        }
    }

    /// Each event in a batch of its own, up to one that fails.
    async fn one_by_one(
        &mut self,
        connection: &mut PgConnection,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let projector = self.projector.clone();
        let mut from = from;
        let broken = page.broken.map(|(place, error)| (Err(error), place));
        for (event, place) in page.events.into_iter().map(Ok).zip(page.places).chain(broken) {
            let to = place.checkpoint();
            let step = Move { from, to, events: 1, per_second: self.pace.per_second };
            let Some(mut batch) = Batch::begin(&projector, connection, self.part, step).await? else {
                return Ok(Turn::Overtaken);
            };
            if batch.parks(&place.stream) {
                batch.park(&place, 0, BEHIND_ANOTHER).await?;
                batch.commit().await?;
            } else {
                let done = match &event {
                    Ok(event) => batch.project_and_commit(std::slice::from_ref(event)).await?,
                    Err(error) => Err(error.to_string().into()),
                };
                if let Err(error) = done {
                    batch.roll_back().await?;
                    let source = event.err().map_or(error, Into::into);
                    let cause = Cause::of(&source);
                    let failure = ProjectionFailure::of::<P>(place, source);
                    match self.verdict(&failure.place, cause) {
                        Verdict::Stop => return Err(self.projector.stopped(failure, cause)),
                        Verdict::Wait(after) => return Ok(Turn::Failed { error: failure.into(), after }),
                        Verdict::Park(attempts) => {
                            let batch = Batch::begin(&projector, connection, self.part, step).await?;
                            let Some(mut batch) = batch else { return Ok(Turn::Overtaken) };
                            batch.park(&failure.place, attempts, &failure.source.to_string()).await?;
                            batch.commit().await?;
                        }
                    }
                }
            }
            self.moved(to, 1);
            from = to;
        }
        self.singly = false;
        // What follows the last event of the page was not passed yet.
        Ok(Turn::Moved(Rest::More))
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
        let options = &self.projector.options;
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

    fn moved(&mut self, to: Checkpoint, events: usize) {
        self.checkpoint = Some(to);
        self.pace.moved(events);
    }

    /// Reads where the stored checkpoint stands.
    async fn reload(&mut self) -> Result<Checkpoint, ProjectorError> {
        let (checkpoint, published) = self.projector.checkpoint(self.part).await?;
        self.checkpoint = Some(checkpoint);
        self.published = published;
        self.pace = Pace::new();
        Ok(checkpoint)
    }

    /// Waits until the worker that was faster stands still, with events before it.
    async fn stand_by(&mut self) -> Result<(), ProjectorError> {
        let take_over = self.projector.options.take_over;
        let mut seen = self.reload().await?;
        let mut since = Instant::now();
        loop {
            sleep((take_over / 10).max(SHORTEST_LOOK)).await;
            let now = self.reload().await?;
            let head = self.projector.store.head().await?;
            if now != seen || head.position() <= now.position() {
                (seen, since) = (now, Instant::now());
            } else if since.elapsed() >= take_over {
                return Ok(());
            }
        }
    }

    /// Leaves the reason in the status. Whoever cannot, has said it anyway.
    async fn note(&mut self, reason: &str) {
        let Some(checkpoint) = self.checkpoint else { return };
        let call = self.projector.statements().checkpoint_fail.call();
        let call = call.bind(P::NAME).bind(self.projector.rev()).bind(self.part.index().cast_signed());
        let call = call.bind(position(checkpoint)).bind(kept(reason)).bind(&self.projector.options.owner);
        let noted = crate::upkeep::streams::rows_kept(self.projector.store.pool(), call).await;
        if let Err(error) = noted {
            debug!(%error, "the reason of a failure was not kept");
        }
    }
}

//! The loop of one part: read a page, run it as a batch, and go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{Checkpoint, Part, Position, Projection, ProjectionPage, ReadAll, Rest, StoreError};
use sqlx::PgConnection;
use tokio::time::sleep;
use tracing::{Instrument, debug, debug_span};

use super::batch::{kept, position};
use super::error::ProjectorError;
use super::pace::Pace;
use super::pages::{Look, Pages};
use super::retrying::{Board, Tries};
use super::session::Session;
use super::target::Target;
use crate::connect::call::rows_kept;

/// How long to wait for an append that holds back what follows it, when nothing else is waited for.
const HELD: Duration = Duration::from_millis(2);

/// How long to wait between two looks at another worker's checkpoint, at least.
const SHORTEST_LOOK: Duration = Duration::from_millis(10);

pub(super) struct Worker<P: Projection<Model = PgConnection>> {
    pub(super) target: Target<P>,
    pub(super) part: Part,
    session: Option<Session>,
    pages: Pages<P>,
    /// Where the stored checkpoint stands, as far as is known; nothing before it was read.
    checkpoint: Option<Checkpoint>,
    /// Whether the next page is taken event by event: the last one failed as a whole.
    pub(super) singly: bool,
    /// The event that failed last, and how often.
    pub(super) failing: Option<(Position, u32)>,
    published: bool,
    pub(super) pace: Pace,
    tries: Tries,
}

/// When a projection ends, if nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Never,
    /// At the end of what can be read.
    CaughtUp,
}

/// What became of a turn.
pub(super) enum Turn {
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

impl<P: Projection<Model = PgConnection>> Worker<P> {
    pub(super) fn new(target: Target<P>, retrying: &Arc<Board>, part: Part) -> Self {
        let options = &target.options;
        Self {
            pages: Pages::new(&target.store, part, options),
            tries: Tries::new(retrying, P::NAME, part.index()),
            target,
            part,
            session: None,
            checkpoint: None,
            singly: false,
            failing: None,
            published: false,
            pace: Pace::new(),
        }
    }

    pub(super) async fn run(mut self, ends: Ends) -> Result<(), ProjectorError> {
        let live = ends == Ends::Never;
        let mut at_end = false;
        loop {
            let look = if live && at_end { Look::UntilFound } else { Look::Now };
            let (error, after) = match self.step(look).await {
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
                            self.overtaken(ends).await?;
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
        self.tries.lasting() < self.target.store.pool().settings.patience
    }

    async fn overtaken(&mut self, ends: Ends) -> Result<(), ProjectorError> {
        self.pages.forget();
        // The next page comes from the server, not from another reader.
        self.checkpoint = None;
        let stood_by = match ends {
            Ends::Never => self.stand_by().await,
            Ends::CaughtUp => Ok(()),
        };
        match stood_by {
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
    async fn step(&mut self, look: Look) -> Result<Turn, ProjectorError> {
        let turn = self.turn(look).await?;
        if matches!(turn, Turn::Moved(Rest::Nothing | Rest::Held) | Turn::Nothing(Rest::Nothing | Rest::Held))
            && !self.published
            && self.target.options.publish
        {
            self.published = match self.target.publish().await {
                Ok(()) => true,
                // There is more to read by now.
                Err(ProjectorError::Behind { .. }) => false,
                Err(error) => return Err(error),
            };
        }
        Ok(turn)
    }

    async fn turn(&mut self, look: Look) -> Result<Turn, ProjectorError> {
        let from = match self.checkpoint {
            Some(checkpoint) => checkpoint,
            None => self.reload().await?,
        };
        // Before the page: if the connection outlives the batch, the server that the events were read from is
        // the one that is written to, and has not lost them in between.
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                self.pages.forget();
                self.target.session().await?
            }
        };
        let page = match self.pages.read(from, look).await {
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
        self.take(session, page, from).await
    }

    /// Takes the events of a page.
    async fn take(
        &mut self,
        mut session: Session,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let singly =
            page.events.is_empty() && page.broken.is_some() || self.singly && !page.events.is_empty();
        if page.rest == Rest::More && page.broken.is_none() && !singly {
            self.pages.read_ahead(page.checkpoint, self.pace.fitting(self.target.options.page_size));
        }
        let span = debug_span!("project", projection = P::NAME, part = self.part.index(), from = %from.position(),
            to = %page.checkpoint.position(), events = page.events.len(), singly);
        let target = self.target.clone();
        let db = &mut session.connection;
        let work = async {
            match singly {
                true => self.one_by_one(db, page, from).instrument(span).await,
                false => self.together(db, page, from).instrument(span).await,
            }
        };
        let (turn, holders) = target.observed(session.backend, Box::pin(work)).await;
        let turn = match turn {
            Ok(Turn::Failed { error: ProjectorError::Failed(failure), after: None }) => {
                let doing = format!("the event at {}", failure.place);
                let error = target.held_up(ProjectorError::Failed(failure), holders, || doing);
                Ok(Turn::Failed { error, after: None })
            }
            turn => turn.map_err(|error| target.held_up(error, holders, || String::from("a batch"))),
        };
        // A connection that failed half-way is thrown away, and its batch with it.
        if !matches!(turn, Err(_) | Ok(Turn::Failed { after: None, .. })) {
            self.session = Some(session);
        }
        turn
    }

    pub(super) fn moved(&mut self, to: Checkpoint, events: usize) {
        self.checkpoint = Some(to);
        self.pace.moved(events);
    }

    /// Reads where the stored checkpoint stands.
    async fn reload(&mut self) -> Result<Checkpoint, ProjectorError> {
        let (checkpoint, published) = self.target.checkpoint(self.part).await?;
        self.checkpoint = Some(checkpoint);
        self.published = published;
        self.pace = Pace::new();
        Ok(checkpoint)
    }

    /// Waits until the worker that was faster stands still, with events before it.
    async fn stand_by(&mut self) -> Result<(), ProjectorError> {
        let take_over = self.target.options.take_over;
        let mut seen = self.reload().await?;
        let mut since = Instant::now();
        loop {
            sleep((take_over / 10).max(SHORTEST_LOOK)).await;
            let now = self.reload().await?;
            let head = self.target.store.head().await?;
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
        let call = self.target.statements().checkpoint_fail.call();
        let call = call.bind(P::NAME).bind(self.target.rev()).bind(self.part.index().cast_signed());
        let call = call.bind(position(checkpoint)).bind(kept(reason)).bind(&self.target.options.owner);
        let noted = rows_kept(self.target.store.pool(), call).await;
        if let Err(error) = noted {
            debug!(%error, "the reason of a failure was not kept");
        }
    }
}

//! The loop of one partition: read a page, apply it as a batch, continue.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{Instrument, debug, debug_span};

use super::lease::Owned;
use super::pages::Pages;
use super::retrying::{Board, Tries};
use super::stop::StopSignal;
use super::throughput::Throughput;
use crate::error::StoreError;
use crate::projection::effects::Work;
use crate::projection::error::ProjectorError;
use crate::projection::settings::RunnerOptions;
use crate::projection::target::Target;
use crate::projection::{Partition, Projection, ProjectionPage};
use crate::store::{Checkpoint, ReadAll, Rest};
use crate::stream::Position;
use crate::subscription::When;

/// How long to wait for an append that holds back what follows it, if there is nothing else to wait for.
pub(in crate::projection) const HELD_PAGE_WAIT: Duration = Duration::from_millis(2);

pub(in crate::projection) struct Worker<P: Projection, S, T: Target<P>> {
    pub(super) source: S,
    pub(super) projection: Arc<P>,
    pub(super) target: T,
    pub(super) options: RunnerOptions,
    pub(super) partition: Partition,
    pub(super) session: Option<T::Session>,
    pub(super) pages: Pages<P, S>,
    /// The stored checkpoint, as far as is known; nothing before it was read.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Whether the next page is applied event by event: the last one failed as a whole.
    pub(super) singly: bool,
    /// The event that failed last, and how many times.
    pub(super) failing: Option<(Position, u32)>,
    published: bool,
    pub(super) pace: Throughput,
    tries: Tries,
    /// For a worker that runs effects.
    pub(super) owned: Owned,
    stop: StopSignal,
}

/// When a projection ends, if nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::projection) enum Ends {
    Never,
    /// At the end of what can be read.
    CaughtUp,
}

/// The outcome of a turn.
pub(super) enum Turn {
    /// The checkpoint has moved.
    Moved(Rest),
    /// There is nothing to read.
    Nothing(Rest),
    /// Another worker has moved the checkpoint.
    Overtaken,
    /// Another worker has the lease of the partition, for this long.
    StandBy(Duration),
    /// Retry.
    Again,
    /// Retry after this time; without one, in another session, after longer and longer waits.
    Failed { error: ProjectorError, after: Option<Duration> },
}

impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Worker<P, S, T> {
    pub(in crate::projection) fn new(
        source: S,
        projection: Arc<P>,
        target: T,
        options: RunnerOptions,
        retrying: &Arc<Board>,
        partition: Partition,
    ) -> Self {
        Self {
            pages: Pages::new(&source, partition, &options),
            tries: Tries::new(retrying, P::NAME, partition.index()),
            source,
            projection,
            target,
            options,
            partition,
            session: None,
            checkpoint: None,
            singly: false,
            failing: None,
            published: false,
            pace: Throughput::new(),
            owned: Owned::default(),
            stop: StopSignal::default(),
        }
    }

    /// Ends between two pages when it is asked to.
    pub(in crate::projection) fn until(mut self, stop: &StopSignal) -> Self {
        self.stop = stop.for_worker();
        self
    }

    pub(in crate::projection) async fn run(mut self, ends: Ends) -> Result<(), ProjectorError> {
        let mut stop = self.stop.clone();
        let done = tokio::select! {
            biased;
            done = self.turns(ends) => done,
            () = stop.asked_while_idle() => Ok(()),
        };
        if let Some(epoch) = self.owned.lease.epoch
            && let Err(error) = self.target.release(self.partition, epoch).await
        {
            debug!(%error, "the lease expires by itself");
        }
        done
    }

    async fn turns(&mut self, ends: Ends) -> Result<(), ProjectorError> {
        let live = ends == Ends::Never;
        let mut at_end = false;
        while !self.stop.is_asked() {
            let when = if live && at_end { When::UntilFound } else { When::Now };
            let (error, after) = match self.step(when).await {
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
                        Turn::Nothing(Rest::Held) => sleep(HELD_PAGE_WAIT).await,
                        Turn::Nothing(_) | Turn::Again | Turn::Failed { .. } => {}
                        Turn::Overtaken => {
                            at_end = false;
                            self.overtaken(ends).await?;
                        }
                        Turn::StandBy(rest) => {
                            at_end = false;
                            self.owned_by_another(rest).await;
                        }
                    }
                    continue;
                }
            };
            at_end &= after.is_some();
            self.wait_after(&error, after).await;
        }
        Ok(())
    }

    /// Records an error, and waits before the next attempt: for `after`, or longer after each failure.
    async fn wait_after(&mut self, error: &ProjectorError, after: Option<Duration>) {
        self.note(&error.to_string()).await;
        if after.is_none() {
            // Only the target knows the outcome of the last batch.
            (self.session, self.checkpoint) = (None, None);
        }
        let wait = self.tries.failed(error);
        self.owned.lease.keep_for(&self.target, self.partition, &self.options, after.unwrap_or(wait)).await;
    }

    /// Whether to wait for transient failures, in a call that does not wait forever.
    fn is_patient(&self) -> bool {
        self.tries.lasting() < self.target.patience()
    }

    /// A turn, and publishing if that has reached the end of what can be read.
    async fn step(&mut self, when: When) -> Result<Turn, ProjectorError> {
        let turn = self.turn(when).await?;
        if matches!(turn, Turn::Moved(Rest::Nothing | Rest::Held) | Turn::Nothing(Rest::Nothing | Rest::Held))
            && !self.published
            && self.options.publish
            && P::WORK == Work::Model
        {
            self.published = match self.target.publish().await {
                Ok(()) => true,
                // There is more to read by now.
                Err(ProjectorError::BuildBehind { .. }) => false,
                Err(error) => return Err(error),
            };
        }
        Ok(turn)
    }

    async fn turn(&mut self, when: When) -> Result<Turn, ProjectorError> {
        let from = match self.checkpoint {
            Some(checkpoint) => checkpoint,
            None => self.reload().await?,
        };
        // Before the page: if source and target are one server and the session outlives the batch, the server
        // that the events were read from is the one that is written to, and has not lost them in between.
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                self.pages.forget();
                self.target.session().await?
            }
        };
        let page = match self.pages.read(from, when).await {
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
        let _busy = self.stop.busy();
        match P::WORK {
            Work::Model => self.take(session, page, from).await,
            // The compiler cannot lay out futures of unlimited depth, and a handler's future is in this one.
            Work::Effects => Box::pin(self.effects(session, page, from)).await,
        }
    }

    /// Applies the events of a page. A session that failed halfway is discarded, and its batch with it.
    async fn take(
        &mut self,
        session: T::Session,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let singly =
            page.events.is_empty() && page.broken.is_some() || self.singly && !page.events.is_empty();
        if page.rest == Rest::More && page.broken.is_none() && !singly {
            self.pages.read_ahead(page.checkpoint, self.pace.fitting(self.options.page_size));
        }
        let span = debug_span!(
            "project", projection = P::NAME, partition = self.partition.index(), from = %from.position(),
            to = %page.checkpoint.position(), events = page.events.len(), singly
        );
        let target = self.target.clone();
        let watch = target.watch(&session);
        // The futures around the work would hold several copies of it.
        let work = Box::pin(async {
            match singly {
                true => self.one_by_one(session, page, from).instrument(span).await,
                false => self.together(session, page, from).instrument(span).await,
            }
        });
        let (turn, seen) = target.watched(watch, work).await;
        match turn {
            Ok(Turn::Failed { error: ProjectorError::Failed(failure), after: None }) => {
                let doing = format!("the event at {}", failure.place);
                let error = target.explain(ProjectorError::Failed(failure), seen, || doing);
                Ok(Turn::Failed { error, after: None })
            }
            turn => turn.map_err(|error| target.explain(error, seen, || String::from("a batch"))),
        }
    }

    pub(super) fn moved(&mut self, to: Checkpoint, events: usize) {
        self.checkpoint = Some(to);
        self.pace.moved(events);
    }

    /// Reads the stored checkpoint.
    pub(super) async fn reload(&mut self) -> Result<Checkpoint, ProjectorError> {
        let (checkpoint, published) = self.target.checkpoint(self.partition).await?;
        self.checkpoint = Some(checkpoint);
        self.published = published;
        self.pace = Throughput::new();
        Ok(checkpoint)
    }

    /// Stores the reason in the status. If that fails, it has been logged anyway.
    pub(super) async fn note(&mut self, reason: &str) {
        let Some(checkpoint) = self.checkpoint else { return };
        let noted = self.target.note(self.partition, checkpoint, &self.options.owner, reason).await;
        if let Err(error) = noted {
            debug!(%error, "the reason of a failure was not stored");
        }
    }
}

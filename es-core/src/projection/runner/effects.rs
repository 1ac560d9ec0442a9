//! Runs the effects of a page outside of any batch, and then moves the checkpoint in a short one.

use std::sync::Arc;

use tracing::{Instrument, debug_span};

use super::apply::One;
use super::lease::{Ownership, Unsaved};
use super::worker::{Turn, Worker};
use crate::projection::batch::{Batch, Parked};
use crate::projection::error::ProjectorError;
use crate::projection::target::Target;
use crate::projection::{Projection, ProjectionPage, handler};
use crate::record::{BoxError, EventPlace};
use crate::store::{Checkpoint, ReadAll, Rest};

/// Which events of a page wait for dead letters of their streams.
struct AwaitingLetters(Vec<bool>);

/// How far the effects of a page have come.
enum Ran<E> {
    /// The lease was lost.
    Lost,
    /// To the end.
    All,
    /// Up to this index in the page, with the events from there on.
    SoFar(usize, Vec<E>),
    /// Up to this index, whose event failed.
    Failed(usize, BoxError),
}

/// Whether the checkpoint was moved.
enum Saved<S> {
    Moved(S),
    /// Another worker moved it first.
    Overtaken,
    /// Dead letters were removed meanwhile, so events that had to wait no longer do.
    Freed(S),
}

impl<P: Projection, S: ReadAll + Clone + 'static, T: Target<P>> Worker<P, S, T> {
    /// Runs the effects of a page, if this worker owns the lease of the partition.
    pub(super) async fn effects(
        &mut self,
        session: T::Session,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        match self.owned.lease.hold(&self.target, self.partition, &self.options).await? {
            Ownership::Still => {}
            Ownership::Newly => {
                // The previous owner may have come further, and left dead letters.
                self.checkpoint = None;
                (self.owned.unsaved, self.owned.no_letters) = (None, false);
                self.session = Some(session);
                return Ok(Turn::Again);
            }
            Ownership::Not(rest) => {
                self.session = Some(session);
                return Ok(Turn::StandBy(rest));
            }
        }
        if page.rest == Rest::More && page.broken.is_none() {
            self.pages.read_ahead(page.checkpoint, self.pace.fitting(self.options.page_size));
        }
        let span = debug_span!(
            "effects", name = P::NAME, partition = self.partition.index(), from = %from.position(),
            to = %page.checkpoint.position(), events = page.events.len()
        );
        self.effects_of(session, page, from).instrument(span).await
    }

    async fn effects_of(
        &mut self,
        session: T::Session,
        page: ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Turn, ProjectorError> {
        let Some((session, waiting)) = self.waiting(session, &page, from).await? else {
            return Ok(Turn::Overtaken);
        };
        let ProjectionPage { events, places, names, broken, checkpoint: end, rest, .. } = page;
        let ran = self.run_due(events, &places, &waiting, from).await;
        let (to, passed) = match &ran {
            Ran::Lost => return Ok(Turn::Overtaken),
            Ran::SoFar(at, _) | Ran::Failed(at, _) => {
                (at.checked_sub(1).map_or(from, |last| places[last].checkpoint()), *at)
            }
            Ran::All => (end, places.len()),
        };
        let prefix = Prefix { places: &places[..passed], names: &names, waiting: &waiting, from, to };
        let session = match self.save_watched(session, &prefix).await? {
            Saved::Moved(session) => session,
            Saved::Overtaken => return Ok(Turn::Overtaken),
            Saved::Freed(session) => {
                self.owned.no_letters = false;
                self.session = Some(session);
                return Ok(Turn::Again);
            }
        };
        let refused = match ran {
            Ran::Failed(at, error) => Some((error, places[at].clone(), names[at])),
            Ran::SoFar(at, events) => {
                let (places, names) = (places[at..].to_vec(), names[at..].to_vec());
                let page = ProjectionPage { events, places, names, broken, checkpoint: end, rest };
                return Ok(self.later(session, to, page));
            }
            Ran::Lost | Ran::All => {
                broken.map(|(place, error)| (error.into(), place, names.last().copied().unwrap_or_default()))
            }
        };
        let Some((error, place, name)) = refused else {
            self.session = Some(session);
            return Ok(Turn::Moved(rest));
        };
        self.refused(session, to, error, (place, name)).await
    }

    /// Puts back the rest of the page, which is read next.
    fn later(&mut self, session: T::Session, from: Checkpoint, page: ProjectionPage<P>) -> Turn {
        self.pages.put_back(from, page);
        self.session = Some(session);
        Turn::Moved(Rest::More)
    }

    /// Runs the effects of events that need not wait and have not taken effect.
    async fn run_due(
        &mut self,
        events: Vec<P::Event>,
        places: &[EventPlace],
        waiting: &AwaitingLetters,
        from: Checkpoint,
    ) -> Ran<P::Event> {
        let already = self.owned.unsaved.filter(|unsaved| unsaved.from == from).map(|unsaved| unsaved.last);
        let is_due = |at: usize| !waiting.0[at] && already.is_none_or(|last| places[at].position > last);
        let (due, others): (Vec<_>, Vec<_>) = events.into_iter().enumerate().partition(|(at, _)| is_due(*at));
        let (at, due): (Vec<_>, Vec<_>) = due.into_iter().unzip();
        if due.is_empty() {
            return Ran::All;
        }
        let projection = Arc::clone(&self.projection);
        let work = Box::pin(handler::run_effects(&*projection, &due));
        let Some(done) = self.owned.lease.keep(&self.target, self.partition, &self.options, work).await
        else {
            return Ran::Lost;
        };
        match (at.get(done.events).copied(), done.error) {
            (None, _) => Ran::All,
            (Some(next), Some(error)) => Ran::Failed(next, error),
            (Some(next), None) if done.events == 0 => {
                Ran::Failed(next, "no event has taken effect, and no failure was reported".into())
            }
            (Some(next), None) => {
                let mut rest: Vec<_> = at.into_iter().zip(due).chain(others).collect();
                rest.retain(|(at, _)| *at >= next);
                rest.sort_unstable_by_key(|(at, _)| *at);
                Ran::SoFar(next, rest.into_iter().map(|(_, event)| event).collect())
            }
        }
    }

    /// Retries or parks an event that failed, or stops the projector.
    async fn refused(
        &mut self,
        session: T::Session,
        from: Checkpoint,
        error: BoxError,
        (place, name): (EventPlace, &str),
    ) -> Result<Turn, ProjectorError> {
        let (target, to) = (self.target.clone(), place.checkpoint());
        let watch = target.watch(&session);
        let work = Box::pin(self.one(session, from, Err(error), (place, name)));
        match observed(&target, watch, work).await? {
            One::Passed(session) => {
                self.owned.no_letters = false;
                self.session = Some(session);
                self.moved(to, 1);
                Ok(Turn::Moved(Rest::More))
            }
            One::Ended(turn) => Ok(turn),
        }
    }

    /// Asks which events have to wait, unless it is known that there are no dead letters; `None` if another
    /// worker came first.
    async fn waiting(
        &mut self,
        session: T::Session,
        page: &ProjectionPage<P>,
        from: Checkpoint,
    ) -> Result<Option<(T::Session, AwaitingLetters)>, ProjectorError> {
        if self.owned.no_letters || page.events.is_empty() {
            return Ok(Some((session, AwaitingLetters(vec![false; page.places.len()]))));
        }
        let target = self.target.clone();
        let watch = target.watch(&session);
        let work = Box::pin(async {
            let Some(batch) = self.begin(session, from, page.checkpoint, 0).await? else { return Ok(None) };
            let waiting = page.places.iter().map(|place| batch.parks(&place.stream)).collect();
            // Only this worker parks events, as long as it has the partition.
            self.owned.no_letters = !batch.parks_some();
            Ok(Some((batch.roll_back().await?, AwaitingLetters(waiting))))
        });
        observed(&target, watch, work).await
    }

    async fn save_watched(
        &mut self,
        session: T::Session,
        prefix: &Prefix<'_>,
    ) -> Result<Saved<T::Session>, ProjectorError> {
        let target = self.target.clone();
        let watch = target.watch(&session);
        let saved = observed(&target, watch, Box::pin(self.save(session, prefix))).await;
        self.owned.unsaved = match (&saved, prefix.places.last()) {
            // Waiting events are not distinguished from those that have taken effect, so all of them come
            // again.
            (Err(_), Some(last)) if !prefix.waiting.some(prefix.places.len()) => {
                Some(Unsaved { from: prefix.from, last: last.position })
            }
            _ => None,
        };
        saved
    }

    /// Moves the checkpoint past events that have taken effect, and those that wait.
    async fn save(
        &mut self,
        session: T::Session,
        prefix: &Prefix<'_>,
    ) -> Result<Saved<T::Session>, ProjectorError> {
        let Prefix { places, names, waiting, from, to } = *prefix;
        if to == from {
            return Ok(Saved::Moved(session));
        }
        let Some(mut batch) = self.begin(session, from, to, places.len()).await? else {
            return Ok(Saved::Overtaken);
        };
        for ((place, name), _) in places.iter().zip(names).zip(&waiting.0).filter(|(_, waits)| **waits) {
            if !batch.parks(&place.stream) {
                return batch.roll_back().await.map(Saved::Freed);
            }
            batch.park(&Parked::behind(place, name)).await?;
        }
        let session = batch.commit().await?.session(T::cause)?;
        self.moved(to, places.len());
        Ok(Saved::Moved(session))
    }
}

/// The events of a page up to one that failed.
#[derive(Clone, Copy)]
struct Prefix<'a> {
    places: &'a [EventPlace],
    names: &'a [&'static str],
    waiting: &'a AwaitingLetters,
    from: Checkpoint,
    to: Checkpoint,
}

impl AwaitingLetters {
    /// Whether any of the first events waits.
    fn some(&self, first: usize) -> bool {
        self.0.iter().take(first).any(|waits| *waits)
    }
}

/// Awaits work on a session, while the target watches the session.
async fn observed<P: Projection, T: Target<P>, R: Send>(
    target: &T,
    watch: T::Watch,
    work: impl Future<Output = Result<R, ProjectorError>> + Send + Unpin,
) -> Result<R, ProjectorError> {
    let (done, seen) = target.watched(watch, work).await;
    done.map_err(|error| target.explain(error, seen, || String::from("a batch")))
}

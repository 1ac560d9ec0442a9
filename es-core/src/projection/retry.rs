//! Retrying dead letters.

use super::batch::Batch;
use super::cause::Cause;
use super::effects::Work;
use super::error::ProjectorError;
use super::failure::ProjectionFailure;
use super::letters::{LetterPlace, Retried};
use super::projector::Projector;
use super::target::Target;
use super::{Projection, handler};
use crate::error::StoreError;
use crate::record::{BoxError, DecodeError, EventPlace, RawEvent};
use crate::store::{EventStore, ReadAll, StreamRange};
use crate::stream::{Revision, StreamId};

/// How many are held in memory at a time.
const PAGE: usize = 100;

/// The event of a dead letter as it is read now; nothing for one that the projection no longer handles.
pub(super) type LetterEvent<P> = (EventPlace, Result<Option<<P as Projection>::Event>, DecodeError>);

/// The outcome of a letter.
enum Tried {
    Taken,
    Failed(BoxError),
}

impl<P: Projection, S: ReadAll + EventStore + Clone + 'static, T: Target<P>> Projector<P, S, T> {
    /// Retries the dead letters of a stream, in their order, up to the first that fails. Once none is left,
    /// later events of the stream are projected as usual.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the source or the target. An event that fails again is not an error, but
    /// [`Retried::left`]. If the failure is not the event's, the letters are unchanged:
    /// [`ProjectorError::Failed`] if it is transient or needs a newer program, [`ProjectorError::NotReady`].
    pub async fn retry(&self, stream: &StreamId) -> Result<Retried, ProjectorError> {
        if P::WORK == Work::Effects {
            return self.retry_effects(stream).await;
        }
        let session = self.target.session().await?;
        let watch = self.target.watch(&session);
        let work = Box::pin(self.retry_on(session, stream));
        let (done, seen) = self.target.watched(watch, work).await;
        done.map_err(|error| self.target.explain(error, seen, || "a retry".to_owned()))
    }

    async fn retry_on(&self, session: T::Session, stream: &StreamId) -> Result<Retried, ProjectorError> {
        let mut batch = self.target.begin_letters(session).await?;
        let (mut taken, mut after) = (0, Revision::EMPTY);
        'pages: loop {
            let letters = batch.letters_of(stream, after, PAGE).await?;
            let Some(last) = letters.last() else { break };
            let mut events = self.read_letters(stream, after, &letters).await?.into_iter();
            after = last.revision;
            for LetterPlace { position, .. } in letters {
                let (place, event) = events.next().unzip();
                if let Tried::Failed(error) = self.try_letter(&mut batch, event).await? {
                    let cause = Cause::of(&error, T::cause);
                    if let Some(place) = place.filter(|_| !matches!(cause, Cause::Event | Cause::Hidden)) {
                        batch.roll_back().await?;
                        let failure = ProjectionFailure::of::<P>(place, error, cause);
                        return Err(ProjectorError::stopped(failure, || self.target.advice()));
                    }
                    batch.keep_letter(position, &error.to_string()).await?;
                    break 'pages;
                }
                batch.remove_letter(position).await?;
                taken += 1;
            }
        }
        let left = batch.count_letters(stream).await?;
        batch.commit().await?.session(T::cause)?;
        Ok(Retried { taken, left })
    }

    /// Applies the event of a letter to the model, or leaves no trace of it.
    async fn try_letter(
        &self,
        batch: &mut T::Batch,
        event: Option<Result<Option<P::Event>, DecodeError>>,
    ) -> Result<Tried, ProjectorError> {
        let event = match event {
            Some(Ok(Some(event))) => event,
            // Not an event of this projection any more.
            Some(Ok(None)) => return Ok(Tried::Taken),
            Some(Err(error)) => return Ok(Tried::Failed(error.into())),
            None => return Ok(Tried::Failed("the event is not in its stream".into())),
        };
        batch.begin_event().await?;
        let events = std::slice::from_ref(&event);
        let error = match handler::project(&*self.projection, events, batch.model()).await {
            Err(error) => error,
            Ok(()) => match batch.end_event().await? {
                None => return Ok(Tried::Taken),
                Some(error) => error,
            },
        };
        batch.undo_event().await?;
        Ok(Tried::Failed(error))
    }

    /// The events of letters, in the same order. None before the last is missing, nor one after `after`, the
    /// end of the previous page.
    pub(super) async fn read_letters(
        &self,
        stream: &StreamId,
        after: Revision,
        letters: &[LetterPlace],
    ) -> Result<Vec<LetterEvent<P>>, StoreError> {
        let (Some(first), Some(last)) = (letters.first(), letters.last()) else {
            return Ok(Vec::new());
        };
        let first = if after == Revision::EMPTY { first.revision } else { after.next() };
        let range = StreamRange::from(first).to(last.revision);
        let mut events = Vec::with_capacity(letters.len());
        let mut wanted = letters;
        let mut take = |raw: RawEvent<'_>| {
            if let Some((letter, rest)) = wanted.split_first()
                && letter.revision == raw.revision
            {
                if letter.is_of(&raw) {
                    events.push((EventPlace::new(&raw), DecodeError::guard(&raw, || P::decode(&raw))));
                    wanted = rest;
                } else {
                    // From another history: its event is missing, and so are those of the letters after it.
                    wanted = &[];
                }
            }
            Ok(())
        };
        self.source.read_stream(stream, range, &mut take).await?;
        Ok(events)
    }
}

//! Retrying dead letters whose effects run outside of any batch.

use super::batch::Batch;
use super::cause::Cause;
use super::error::ProjectorError;
use super::failure::ProjectionFailure;
use super::letters::{LetterPlace, Retried};
use super::projector::Projector;
use super::retry::LetterEvent;
use super::target::Target;
use super::{Projection, handler};
use crate::record::{BoxError, EventPlace};
use crate::store::{EventStore, ReadAll};
use crate::stream::{Revision, StreamId};

impl<P: Projection, S: ReadAll + EventStore + Clone + 'static, T: Target<P>> Projector<P, S, T> {
    /// One letter at a time: its effect, and then a short batch that removes it. The stream waits for those
    /// that are left.
    pub(super) async fn retry_effects(&self, stream: &StreamId) -> Result<Retried, ProjectorError> {
        let mut taken = 0;
        while let Some(letter) = self.first_letter(stream).await? {
            let event = self.read_letters(stream, Revision::EMPTY, &[letter]).await?.pop();
            let failed = self.try_effect(event).await;
            let reason = match failed {
                None => None,
                Some((place, error)) => {
                    let cause = Cause::of(&error, T::cause);
                    if let Some(place) = place.filter(|_| !matches!(cause, Cause::Event | Cause::Hidden)) {
                        let failure = ProjectionFailure::of::<P>(place, error, cause);
                        return Err(ProjectorError::stopped(failure, || self.target.advice()));
                    }
                    Some(error.to_string())
                }
            };
            if let Some(left) = self.settle(stream, letter, reason.as_deref()).await? {
                return Ok(Retried { taken, left });
            }
            taken += 1;
        }
        Ok(Retried { taken, left: 0 })
    }

    /// The letter that the others of its stream wait for.
    async fn first_letter(&self, stream: &StreamId) -> Result<Option<LetterPlace>, ProjectorError> {
        let mut batch = self.target.begin_letters(self.target.session().await?).await?;
        let first = batch.letters_of(stream, Revision::EMPTY, 1).await?.pop();
        batch.roll_back().await?;
        Ok(first)
    }

    /// Why the effect of a letter has not run, and where its event is, if it exists.
    async fn try_effect(&self, event: Option<LetterEvent<P>>) -> Option<(Option<EventPlace>, BoxError)> {
        let (place, event) = match event {
            Some((place, Ok(Some(event)))) => (place, event),
            // Not an event of this reactor any more.
            Some((_, Ok(None))) => return None,
            Some((place, Err(error))) => return Some((Some(place), error.into())),
            None => return Some((None, "the event is not in its stream".into())),
        };
        let done = handler::run_effects(&*self.projection, std::slice::from_ref(&event)).await;
        done.result().err().map(|error| (Some(place), error))
    }

    /// Removes a letter, or records why it stays: returns how many are left.
    async fn settle(
        &self,
        stream: &StreamId,
        LetterPlace { position, .. }: LetterPlace,
        failed: Option<&str>,
    ) -> Result<Option<usize>, ProjectorError> {
        let mut batch = self.target.begin_letters(self.target.session().await?).await?;
        let left = match failed {
            None => {
                batch.remove_letter(position).await?;
                None
            }
            Some(reason) => {
                batch.keep_letter(position, reason).await?;
                Some(batch.count_letters(stream).await?)
            }
        };
        batch.commit().await?.session(T::cause)?;
        Ok(left)
    }
}

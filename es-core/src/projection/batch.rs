//! One batch of events on its way into a read model.

use std::error::Error;

use super::Projection;
use super::cause::Cause;
use super::error::ProjectorError;
use super::letters::LetterPlace;
use crate::error::StoreError;
use crate::record::{BoxError, EventPlace};
use crate::stream::{Position, Revision, StreamId};

/// A batch of a [`Target`](super::target::Target): what it does to the model takes effect together with the
/// checkpoint that it moves.
pub trait Batch<P: Projection>: Send + Sized {
    /// What it runs on, and gives back.
    type Session: Send;

    /// The model, as this batch sees it.
    fn model(&mut self) -> &mut P::Model;

    /// Whether any stream has dead letters.
    fn parks_some(&self) -> bool;

    /// Whether a stream has dead letters, behind which its later events have to wait.
    fn parks(&self, stream: &StreamId) -> bool;

    /// Puts an event aside, and all later ones of its stream behind it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn park(&mut self, letter: &Parked<'_>) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Ends it, with the checkpoint where the batch goes to.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; what was done may stand or not, as the stored checkpoint says.
    fn commit(self) -> impl Future<Output = Result<Committed<Self, Self::Session>, ProjectorError>> + Send;

    /// Undoes it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; it is undone nevertheless.
    fn roll_back(self) -> impl Future<Output = Result<Self::Session, ProjectorError>> + Send;

    /// The next dead letters of a stream, by revision, so many at most.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn letters_of(
        &mut self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<LetterPlace>, ProjectorError>> + Send;

    /// Begins what can be undone without the rest of the batch.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn begin_event(&mut self) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Ends that; returns what was wrong with it, if it has to be undone.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn end_event(&mut self) -> impl Future<Output = Result<Option<BoxError>, ProjectorError>> + Send;

    /// Undoes that.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn undo_event(&mut self) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// The event at a position is a dead letter no more.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn remove_letter(
        &mut self,
        position: Position,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// The dead letter at a position was tried in vain once more.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn keep_letter(
        &mut self,
        position: Position,
        reason: &str,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// How many dead letters a stream has.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn count_letters(
        &mut self,
        stream: &StreamId,
    ) -> impl Future<Output = Result<usize, ProjectorError>> + Send;
}

/// An event that is put aside.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Parked<'a> {
    /// Where it is stored.
    pub place: &'a EventPlace,
    /// The name under which it is stored.
    pub event: &'a str,
    /// How often it was tried; 0 for one that only waits behind another.
    pub attempts: u32,
    /// Why it was not taken.
    pub reason: &'a str,
}

impl<'a> Parked<'a> {
    /// One that waits behind another of its stream.
    #[must_use]
    pub const fn behind(place: &'a EventPlace, event: &'a str) -> Self {
        Self { place, event, attempts: 0, reason: "an earlier event of its stream is parked" }
    }
}

/// What became of the end of a batch.
#[derive(Debug)]
pub enum Committed<B, S> {
    /// It has taken effect.
    Done(S),
    /// What the handlers did cannot take effect, such as a constraint that is checked at the commit, or an
    /// error that they swallowed. The batch can only be rolled back.
    Refused(B, BoxError),
}

impl<B, S> Committed<B, S> {
    /// The session, of a batch in which no code of a user has run.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`] of one that was refused nevertheless, retryable where its
    /// [cause](super::target::Target::cause) passes.
    pub fn session(
        self,
        said_by: impl Fn(&(dyn Error + 'static)) -> Option<Cause>,
    ) -> Result<S, ProjectorError> {
        match self {
            Self::Done(session) => Ok(session),
            Self::Refused(_, source) => {
                let retryable = Cause::of(&source, said_by).passes();
                Err(StoreError::Backend { source, retryable }.into())
            }
        }
    }
}

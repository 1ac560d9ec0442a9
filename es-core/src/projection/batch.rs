//! One batch of events to be applied to a read model.

use std::error::Error;

use super::Projection;
use super::cause::Cause;
use super::error::ProjectorError;
use super::letters::LetterPlace;
use crate::error::StoreError;
use crate::record::{BoxError, EventPlace};
use crate::stream::{Position, Revision, StreamId};

/// A batch of a [`Target`](super::target::Target): its changes to the model take effect together with the
/// checkpoint that it moves.
pub trait Batch<P: Projection>: Send + Sized {
    /// The session that it runs on, and returns.
    type Session: Send;

    /// The model, as seen by this batch.
    fn model(&mut self) -> &mut P::Model;

    /// Whether any stream has dead letters.
    fn parks_some(&self) -> bool;

    /// Whether a stream has dead letters, after which its later events have to wait.
    fn parks(&self, stream: &StreamId) -> bool;

    /// Parks an event as a dead letter, and with it all later ones of its stream.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn park(&mut self, letter: &Parked<'_>) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Ends it, with the checkpoint at the end of the batch.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; whether the batch took effect is shown by the stored checkpoint.
    fn commit(self) -> impl Future<Output = Result<Committed<Self, Self::Session>, ProjectorError>> + Send;

    /// Undoes it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; it is undone nevertheless.
    fn roll_back(self) -> impl Future<Output = Result<Self::Session, ProjectorError>> + Send;

    /// The next dead letters of a stream, by revision, up to a maximum number.
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

    /// Begins a part that can be undone without the rest of the batch, such as a savepoint.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn begin_event(&mut self) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Ends that part; returns what was wrong with it, if it has to be undone.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn end_event(&mut self) -> impl Future<Output = Result<Option<BoxError>, ProjectorError>> + Send;

    /// Undoes that part.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`].
    fn undo_event(&mut self) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// The event at a position is no longer a dead letter.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`].
    fn remove_letter(
        &mut self,
        position: Position,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// The dead letter at a position was retried and failed again.
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

/// An event that is parked as a dead letter.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Parked<'a> {
    /// Where it is stored.
    pub place: &'a EventPlace,
    /// The name under which it is stored.
    pub event: &'a str,
    /// How many times it was tried; 0 for one that only waits for an earlier one.
    pub attempts: u32,
    /// Why it failed.
    pub reason: &'a str,
}

impl<'a> Parked<'a> {
    /// One that waits for an earlier one of its stream.
    #[must_use]
    pub const fn behind(place: &'a EventPlace, event: &'a str) -> Self {
        Self { place, event, attempts: 0, reason: "an earlier event of its stream is parked" }
    }
}

/// The outcome of ending a batch.
#[derive(Debug)]
pub enum Committed<B, S> {
    /// It has taken effect.
    Done(S),
    /// The changes of the handlers cannot take effect, for example because of a constraint that is checked at
    /// the commit, or an error that they swallowed. The batch can only be rolled back.
    Refused(B, BoxError),
}

impl<B, S> Committed<B, S> {
    /// The session of a batch in which no user code has run.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Store`] of one that was refused nevertheless, retryable if its
    /// [cause](super::target::Target::cause) is transient.
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

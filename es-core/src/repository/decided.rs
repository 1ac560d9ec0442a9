//! The steps of a command: the state to decide on, what was decided, what was sent.

use std::error::Error;
use std::sync::Arc;

use uuid::Uuid;

use super::cache::{Ahead, Folded};
use super::fold::Fold;
use super::stop::Stop;
use super::written::EncodedEvents;
use crate::model::Aggregate;
use crate::stream::Revision;

/// A state to decide on.
pub(super) struct Basis<'s, A> {
    pub(super) fold: Fold<'s, A>,
    /// Whether it may be older than the stream.
    pub(super) cached: bool,
}

impl<'s, A: Aggregate> Basis<'s, A> {
    /// The same, if it is at the revision that the caller expects.
    pub(super) fn at<E: Error + 'static>(self, wanted: Option<Revision>) -> Result<Self, Stop<'s, A, E>> {
        match wanted {
            Some(wanted) if wanted != self.fold.revision && self.cached => {
                Err(Stop::Unconfirmed(Some(self.fold)))
            }
            Some(wanted) if wanted != self.fold.revision => Err(Stop::conflict(wanted, self.fold.revision)),
            _ => Ok(self),
        }
    }
}

/// What is to be written, and the state that it leads to.
pub(super) struct DecidedAppend<A: Aggregate> {
    pub(super) expected: Revision,
    pub(super) last_event_id: Option<Uuid>,
    pub(super) cached: bool,
    pub(super) written: EncodedEvents<A>,
    pub(super) state: A,
    pub(super) after: Folded<()>,
}

/// What was written, as far as this program knows.
pub(super) struct Submission<A: Aggregate> {
    pub(super) expected: Revision,
    pub(super) cached: bool,
    pub(super) written: EncodedEvents<A>,
    /// The state after the append, unless it was passed to the commands that wait.
    pub(super) state: Option<A>,
    pub(super) after: Folded<()>,
    pub(super) ahead: Option<Ahead<A>>,
}

/// The fold with its state again, unless the decision has kept the state.
pub(super) fn restored<A>(mut fold: Fold<'_, A>, state: Arc<A>) -> Option<Fold<'_, A>> {
    fold.state = Arc::into_inner(state)?;
    Some(fold)
}

//! What a runner does besides building a model.

use crate::record::BoxError;

/// What the code that a runner calls changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The model, within the batch that moves the checkpoint: exactly once.
    Model,
    /// Something else, such as sending mail: outside of any batch, by the owner of a
    /// [lease](super::Claimed::Lease), and at least once, as the checkpoint moves afterwards.
    Effects,
}

/// How far effects have come: how many of the events that were passed, from the first one on, have taken
/// effect, and why the next event has not, if it failed.
///
/// Some of the later events may have taken effect as well: they come again.
#[derive(Debug)]
#[must_use]
pub struct Done {
    pub(super) events: usize,
    pub(super) error: Option<BoxError>,
}

impl Done {
    /// All of them have taken effect.
    pub const fn all(events: usize) -> Self {
        Self { events, error: None }
    }

    /// This many have, at least one; the others are to be passed again, once the checkpoint has moved. For
    /// effects that take long, so that few of them are repeated after a crash.
    pub const fn so_far(events: usize) -> Self {
        Self { events, error: None }
    }

    /// This many have, and the next one has not.
    pub const fn up_to(events: usize, error: BoxError) -> Self {
        Self { events, error: Some(error) }
    }

    /// How many have.
    #[must_use]
    pub const fn events(&self) -> usize {
        self.events
    }

    /// Why the next one has not; `Ok` if none failed.
    ///
    /// # Errors
    ///
    /// That reason.
    pub fn result(self) -> Result<(), BoxError> {
        self.error.map_or(Ok(()), Err)
    }
}

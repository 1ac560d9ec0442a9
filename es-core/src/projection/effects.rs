//! What a runner does besides building a model.

use crate::record::BoxError;

/// What the code that a runner calls changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The model, within the batch that moves the checkpoint: exactly once.
    Model,
    /// Something else, such as mail that is sent: outside of any batch, by the owner of a
    /// [lease](super::Claimed::Lease), and at least once, as the checkpoint moves afterwards.
    Effects,
}

/// How far effects have come: how many of the events that were handed over, from the first one on, have taken
/// effect, and why the event after those has not, if it failed.
///
/// Of later events some may have taken effect as well: they come again.
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

    /// So many have, at least one; the others are to be handed over again, once the checkpoint has moved. For
    /// effects that take long, so that few of them are repeated after a crash.
    pub const fn so_far(events: usize) -> Self {
        Self { events, error: None }
    }

    /// So many have, and the next one has not.
    pub const fn up_to(events: usize, error: BoxError) -> Self {
        Self { events, error: Some(error) }
    }

    /// How many have.
    #[must_use]
    pub const fn events(&self) -> usize {
        self.events
    }

    /// Why the next one has not; nothing if none failed.
    ///
    /// # Errors
    ///
    /// That reason.
    pub fn result(self) -> Result<(), BoxError> {
        self.error.map_or(Ok(()), Err)
    }
}

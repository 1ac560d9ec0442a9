//! What a load returns.

use std::fmt;

use crate::stream::Revision;

/// The state of an aggregate at a revision.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded<A> {
    /// The state.
    pub state: A,
    /// The revision of the last event that was folded; [`Revision::EMPTY`] if there is none.
    pub revision: Revision,
}

impl<A> fmt::Debug for Loaded<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("revision", &self.revision).finish_non_exhaustive()
    }
}

//! Why a projection stopped, and at which event.

use super::cause::Cause;
use crate::error::StoreError;
use crate::record::{BoxError, EventPlace};

/// An event that a projection could not take.
#[derive(Debug, thiserror::Error)]
#[error("projection `{projection}` rev {rev} cannot take the event at {place}: {source}")]
#[non_exhaustive]
pub struct ProjectionFailure {
    /// The projection's name.
    pub projection: &'static str,
    /// Its revision.
    pub rev: u32,
    /// The event.
    pub place: EventPlace,
    /// What the projection, or the decoding of the event, says.
    pub source: BoxError,
    /// What has to happen before it succeeds.
    pub cause: Cause,
}

impl ProjectionFailure {
    /// The failure of `P` at an event.
    #[must_use]
    pub fn of<P: super::Projection>(place: EventPlace, source: BoxError, cause: Cause) -> Self {
        Self { projection: P::NAME, rev: P::REV, place, source, cause }
    }
}

/// Why a projection in memory went no further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model could not be made.
    #[error("projection `{projection}` rev {rev} cannot set up its model: {source}")]
    Setup {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
        /// What the projection says.
        source: BoxError,
    },
    /// An event could not be taken.
    #[error(transparent)]
    Failed(Box<ProjectionFailure>),
}

impl From<ProjectionFailure> for ProjectionError {
    fn from(failure: ProjectionFailure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

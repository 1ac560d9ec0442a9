//! Why a projection stopped, and at which event.

use super::cause::Cause;
use super::named::Named;
use crate::record::{BoxError, EventPlace};

/// An event that a projection failed to handle.
#[derive(Debug, thiserror::Error)]
#[error("{} failed at the event at {place}: {source}", Named(.projection, *.build))]
#[non_exhaustive]
pub struct ProjectionFailure {
    /// The projection's name.
    pub projection: &'static str,
    /// Its build.
    pub build: u32,
    /// The event.
    pub place: EventPlace,
    /// The error of the projection, or of decoding the event.
    pub source: BoxError,
    /// What has to happen before it succeeds.
    pub cause: Cause,
}

impl ProjectionFailure {
    /// The failure of `P` at an event.
    #[must_use]
    pub fn of<P: super::Projection>(place: EventPlace, source: BoxError, cause: Cause) -> Self {
        Self { projection: P::NAME, build: P::BUILD, place, source, cause }
    }
}

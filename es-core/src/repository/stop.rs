//! Why an attempt at a command ended without an outcome.

use std::error::Error;

use super::fold::Fold;
use crate::error::{ExecuteError, StoreError};
use crate::model::Aggregate;
use crate::stream::{Revision, StreamId};

pub(super) enum Stop<'s, A: Aggregate, E: Error + 'static> {
    /// The state came from the cache and may be stale; it can be brought up to date from here, if anywhere.
    Unconfirmed(Option<Fold<'s, A>>),
    /// The turn has ended, and an append on which this one was built was not written.
    Overtaken,
    /// The next attempt may succeed.
    Failed(Failure),
    /// No other attempt would end differently.
    Final(ExecuteError<E>),
}

impl<A: Aggregate, E: Error + 'static> Stop<'_, A, E> {
    pub(super) const fn conflict(expected: Revision, actual: Revision) -> Self {
        Self::Failed(Failure::Conflict { expected, actual })
    }
}

impl<A: Aggregate, E: Error + 'static> From<ExecuteError<E>> for Stop<'_, A, E> {
    fn from(error: ExecuteError<E>) -> Self {
        Self::Final(error)
    }
}

impl<A: Aggregate, E: Error + 'static> From<StoreError> for Stop<'_, A, E> {
    fn from(error: StoreError) -> Self {
        Self::Final(error.into())
    }
}

/// Why an attempt may be repeated.
pub(super) enum Failure {
    Conflict { expected: Revision, actual: Revision },
    Store(StoreError),
}

impl Failure {
    pub(super) fn into_error<E: Error + 'static>(self, stream: &StreamId) -> ExecuteError<E> {
        match self {
            Self::Conflict { expected, actual } => {
                ExecuteError::Conflict { stream: stream.clone(), expected, actual }
            }
            Self::Store(error) => error.into(),
        }
    }
}

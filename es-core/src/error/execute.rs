//! Why a command had no effect.

use std::error::Error;

use super::store::StoreError;
use crate::stream::{InvalidStreamId, Revision, StreamId};

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<E: Error + 'static> {
    /// The domain rejected the command.
    #[error(transparent)]
    Rejected(E),
    /// Optimistic concurrency conflict: retries were exhausted because other writers kept appending first, or
    /// the stream is not at the revision that the caller expects.
    #[error("stream {stream:?} is at revision {actual}, not at {expected}", stream = stream.to_string())]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// The revision on which the decision was made.
        expected: Revision,
        /// The revision found.
        actual: Revision,
    },
    /// The store returned an error.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl<E: Error + 'static> ExecuteError<E> {
    /// Whether the same command can succeed later, without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected(_) => false,
            Self::Conflict { .. } => true,
            Self::Store(error) => error.is_retryable(),
        }
    }
}

impl<E: Error + 'static> From<InvalidStreamId> for ExecuteError<E> {
    fn from(error: InvalidStreamId) -> Self {
        Self::Store(error.into())
    }
}

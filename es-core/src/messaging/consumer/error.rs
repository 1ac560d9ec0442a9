//! Why a consumer stopped.

use crate::error::StoreError;
use crate::messaging::source::SourceError;
use crate::projection::{Cause, RunnerErrorKind};
use crate::record::BoxError;

/// Why a [`Consumer`](super::Consumer) stopped. Messages that are not settled are redelivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The source failed permanently.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The dead letters cannot be read or written.
    #[error("the consumer's dead letters cannot be read or written: {0}")]
    Letters(#[from] StoreError),
    /// A message could not be handled, and the consumer does not park messages, or the message is not at
    /// fault.
    #[error("consumer `{consumer}` failed to handle {message}: {source}")]
    Failed {
        /// The consumer's name.
        consumer: &'static str,
        /// The message, by its name, its id and its sequence number in the broker.
        message: String,
        /// The error of the reactor, or of decoding the message.
        source: BoxError,
        /// What has to happen before it succeeds.
        cause: Cause,
    },
}

impl ConsumerError {
    /// What to do about the error.
    #[must_use]
    pub fn kind(&self) -> RunnerErrorKind {
        match self {
            Self::Source(SourceError::Unavailable { .. }) => RunnerErrorKind::Unavailable,
            Self::Source(SourceError::Setup { .. }) => RunnerErrorKind::Misconfigured,
            Self::Letters(error) => RunnerErrorKind::of_store(error),
            Self::Failed { cause, .. } => RunnerErrorKind::of_cause(*cause),
        }
    }

    /// Whether the same call can succeed later, without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind() == RunnerErrorKind::Unavailable
    }
}

//! Why a process stops.

use crate::error::StoreError;
use crate::projection::{ProjectorError, RunnerErrorKind};

/// Why the runner of a process stopped. A single failing input or command does not stop it: it is parked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// An aggregate of `sends(…)` has no repository.
    #[error(
        "process `{process}` sends commands to `{target}`; give its repository: \
         `runner.target::<{target}>(…)`"
    )]
    NoTarget {
        /// The process.
        process: &'static str,
        /// The type of the aggregate.
        target: &'static str,
    },
    /// Inputs can no longer be processed.
    #[error("the inputs of the process: {0}")]
    Inputs(#[source] ProjectorError),
    /// Commands can no longer be sent.
    #[error("the sender of the process: {0}")]
    Sender(#[source] ProjectorError),
    /// Timers can no longer be read.
    #[error("the timers of the process: {0}")]
    Timers(#[source] StoreError),
}

impl ProcessError {
    /// What to do about the error.
    #[must_use]
    pub fn kind(&self) -> RunnerErrorKind {
        match self {
            Self::NoTarget { .. } => RunnerErrorKind::Misconfigured,
            Self::Inputs(error) | Self::Sender(error) => error.kind(),
            Self::Timers(error) => RunnerErrorKind::of_store(error),
        }
    }

    /// Whether the same call can succeed later, without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind() == RunnerErrorKind::Unavailable
    }
}

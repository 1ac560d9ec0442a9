//! Why a process stops.

use crate::error::StoreError;
use crate::projection::ProjectorError;

/// Why the runner of a process stopped. A single failing input or command does not stop it: it is parked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// An aggregate of `sends(…)` has no repository.
    #[error(
        "process `{process}` sends commands to `{target}`; give its repository: `runner.target::<{target}>(…)`"
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

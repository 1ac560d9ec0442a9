//! Why a process stops.

use crate::error::StoreError;
use crate::projection::ProjectorError;

/// Why the runner of a process stopped. What one input or one command cannot do stops none: it is put aside.
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
    /// Inputs can be taken no more.
    #[error("the inputs of the process: {0}")]
    Inputs(#[source] ProjectorError),
    /// Commands can be sent no more.
    #[error("the sender of the process: {0}")]
    Sender(#[source] ProjectorError),
    /// Timers can be read no more.
    #[error("the timers of the process: {0}")]
    Timers(#[source] StoreError),
}

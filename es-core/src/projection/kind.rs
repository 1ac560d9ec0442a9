//! What to do about an error of a runner.

use super::cause::Cause;
use super::error::ProjectorError;
use crate::error::{StoreError, StoreErrorKind};

/// What to do about the error with which a runner of a projection, a reactor, a publisher, a process or a
/// consumer has stopped: see [`ProjectorError::kind`],
/// [`ProcessError::kind`](crate::process::ProcessError::kind) and
/// [`ConsumerError::kind`](crate::messaging::ConsumerError::kind).
///
/// | kind | what to do |
/// |---|---|
/// | `Unavailable` | run it again later; `is_retryable` is true of these alone |
/// | `Event` | alarm: correct the handler, or park the event; nothing after it is handled until then |
/// | `Newer` | deploy the program that wrote the event: this one is older |
/// | `Misconfigured` | alarm: correct the program, its options, or the setup of the store, the target or the broker |
/// | `Refused` | the operation is not possible in the present state; its message says what has to happen first |
/// | `Corrupt` | alarm: what is stored does not read as it should; see `docs/operations.md` |
/// | `Other` | alarm: it failed in a way that no retry corrects |
///
/// ```
/// use es_core::projection::{ProjectorError, RunnerErrorKind};
///
/// fn keeps_running(error: &ProjectorError) -> bool {
///     match error.kind() {
///         RunnerErrorKind::Unavailable => true,
///         // Wait for the next deployment.
///         RunnerErrorKind::Newer => true,
///         _ => false,
///     }
/// }
/// # let error = ProjectorError::NotSetUp { projection: "balances", build: 1 };
/// # assert!(!keeps_running(&error));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunnerErrorKind {
    /// The store, the target, the broker, or what a handler calls cannot serve now.
    Unavailable,
    /// An event, or a message, cannot be handled.
    Event,
    /// An event was written by a newer program.
    Newer,
    /// The program, its options, or the setup do not fit together.
    Misconfigured,
    /// An operation that is not possible in the present state.
    Refused,
    /// What is stored does not decode, is damaged, or belongs to another history.
    Corrupt,
    /// Any other failure.
    Other,
}

impl RunnerErrorKind {
    /// Of an error of a store.
    pub(crate) const fn of_store(error: &StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::Unavailable => Self::Unavailable,
            StoreErrorKind::Misconfigured => Self::Misconfigured,
            StoreErrorKind::Corrupt => Self::Corrupt,
            StoreErrorKind::OutcomeUnknown
            | StoreErrorKind::InvalidInput
            | StoreErrorKind::CommandId
            | StoreErrorKind::Other => Self::Other,
        }
    }

    /// Of a handler that has failed.
    pub(crate) const fn of_cause(cause: Cause) -> Self {
        match cause {
            Cause::Passing | Cause::Session => Self::Unavailable,
            Cause::Setup => Self::Misconfigured,
            Cause::Newer => Self::Newer,
            Cause::Event | Cause::Hidden => Self::Event,
        }
    }
}

impl ProjectorError {
    /// What to do about the error.
    #[must_use]
    pub fn kind(&self) -> RunnerErrorKind {
        match self {
            Self::Store(error) => RunnerErrorKind::of_store(error),
            Self::Failed(failure) => RunnerErrorKind::of_cause(failure.cause),
            Self::Setup { cause, .. } => match cause {
                Cause::Passing | Cause::Session => RunnerErrorKind::Unavailable,
                _ => RunnerErrorKind::Misconfigured,
            },
            Self::NotReady { .. } | Self::Target(_) | Self::NotSetUp { .. } => RunnerErrorKind::Misconfigured,
            Self::PartitionsDiffer { .. }
            | Self::PartitionsUneven { .. }
            | Self::Leased { .. }
            | Self::Letters { .. }
            | Self::NotBack { .. }
            | Self::BuildBehind { .. }
            | Self::BuildLive { .. } => RunnerErrorKind::Refused,
        }
    }

    /// Whether the same call can succeed later, without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind() == RunnerErrorKind::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_unavailable() {
        let setup =
            |cause| ProjectorError::Setup { projection: "sums", build: 1, source: "no".into(), cause };
        let away = StoreError::Unavailable { source: "the server is away".into() };
        let letters = ProjectorError::Letters { projection: "sums", letters: 2 };
        for (error, kind) in [
            (setup(Cause::Passing), RunnerErrorKind::Unavailable),
            (setup(Cause::Event), RunnerErrorKind::Misconfigured),
            (ProjectorError::Store(away), RunnerErrorKind::Unavailable),
            (ProjectorError::Store(StoreError::ReadOnly), RunnerErrorKind::Misconfigured),
            (letters, RunnerErrorKind::Refused),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(error.is_retryable(), kind == RunnerErrorKind::Unavailable, "{error}");
        }
        for cause in [Cause::Passing, Cause::Session, Cause::Hidden, Cause::Setup, Cause::Newer, Cause::Event]
        {
            let kind = RunnerErrorKind::of_cause(cause);
            assert_eq!(kind == RunnerErrorKind::Unavailable, cause.passes(), "{cause:?}");
        }
    }
}

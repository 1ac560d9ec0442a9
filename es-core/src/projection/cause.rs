//! Why a handler has failed, and what has to happen before it succeeds.

use std::error::Error;
use std::iter::successors;

use crate::error::StoreError;
use crate::record::{BoxError, DecodeError, DecodeProblem};

/// What has to happen before a handler, or the decoding of an event, succeeds.
///
/// A [`Target`](super::Target) classifies errors that only it knows, such as those of a database; those of a
/// store and of decoding are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A transient failure, such as a lock, a deadlock or a full disk: retry.
    Passing,
    /// The session no longer accepts writes, or is gone: retry on another one.
    Session,
    /// Unknown. The handler swallowed an error, and all that is known is that the transaction has failed; or
    /// a statement was planned for a previous definition of the tables. It may be transient.
    Hidden,
    /// A table, a column, a function or a privilege is missing, for every event alike.
    Setup,
    /// A newer program has to be deployed.
    Newer,
    /// The handler cannot process this event.
    Event,
}

/// An error with an explicit cause, for errors that neither the target nor this crate knows, such as those of
/// another service.
///
/// ```
/// use es_core::projection::Cause;
/// use es_core::record::BoxError;
///
/// let away: BoxError = Cause::Passing.of_error("the mail server is away").into();
/// assert_eq!(Cause::of(&away, |_| None), Cause::Passing);
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Caused {
    cause: Cause,
    source: BoxError,
}

impl Cause {
    /// An error with this cause.
    #[must_use]
    pub fn of_error(self, source: impl Into<BoxError>) -> Caused {
        Caused { cause: self, source: source.into() }
    }

    /// The cause of the first error that has one, of an error and its sources. `said_by` classifies errors
    /// that this crate does not know.
    ///
    /// ```
    /// use es_core::StoreError;
    /// use es_core::projection::Cause;
    ///
    /// let away = StoreError::Unavailable { source: "no route".into() };
    /// assert_eq!(Cause::of(&away.into(), |_| None), Cause::Passing);
    /// assert_eq!(Cause::of(&"a negative amount".into(), |_| None), Cause::Event);
    /// ```
    #[must_use]
    pub fn of(error: &BoxError, said_by: impl Fn(&(dyn Error + 'static)) -> Option<Self>) -> Self {
        let first: &(dyn Error + 'static) = &**error;
        let sources = successors(Some(first), |error: &&(dyn Error + 'static)| (*error).source());
        let mut said = sources.filter_map(|error| said_by(error).or_else(|| Self::known(error)));
        said.next().unwrap_or(Self::Event)
    }

    /// Whether retrying can succeed without any change.
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::Passing | Self::Session)
    }

    fn known(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(Caused { cause, .. }) = error.downcast_ref() {
            return Some(*cause);
        }
        if let Some(error) = error.downcast_ref::<DecodeError>() {
            return Some(Self::of_decoding(error));
        }
        match error.downcast_ref::<StoreError>()? {
            error if error.is_retryable() => Some(Self::Passing),
            StoreError::Setup { .. } => Some(Self::Setup),
            StoreError::Decode(error) => Some(Self::of_decoding(error)),
            _ => None,
        }
    }

    const fn of_decoding(error: &DecodeError) -> Self {
        match error.problem() {
            DecodeProblem::FutureVersion { .. } => Self::Newer,
            _ => Self::Event,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::error::ExecuteError;

    /// A reaction that executes a command fails in this way if the store is not available.
    #[test]
    fn a_command_whose_store_is_away_passes() {
        let away = StoreError::Unavailable { source: "no route".into() };
        let failed: BoxError = ExecuteError::<Infallible>::from(away).into();
        assert_eq!(Cause::of(&failed, |_| None), Cause::Passing);
    }
}

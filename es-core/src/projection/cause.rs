//! Whose fault it is that a handler has failed.

use std::error::Error;
use std::iter::successors;

use crate::error::StoreError;
use crate::record::{BoxError, DecodeError, DecodeProblem};

/// What has to happen before a handler, or the decoding of an event, succeeds.
///
/// A [`Target`](super::Target) says it of the errors that only it knows, such as those of a database; those
/// of a store and of decoding are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// It passes, as a lock, a deadlock or a full disk does: the same again.
    Passing,
    /// The session takes no writes any more, or is gone: the same again, on another one.
    Session,
    /// Nobody can tell. The handler swallowed an error, and all that is known is that the transaction has
    /// failed; or a statement was planned for tables of before. It may pass.
    Hidden,
    /// A table, a column, a function or a privilege is missing, for every event alike.
    Setup,
    /// A newer program has to be deployed.
    Newer,
    /// The handler cannot take this event.
    Event,
}

/// An error that says for itself what has to happen before a handler succeeds, for those that neither the
/// target nor this crate knows, such as one of another service.
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
    /// An error of this cause.
    #[must_use]
    pub fn of_error(self, source: impl Into<BoxError>) -> Caused {
        Caused { cause: self, source: source.into() }
    }

    /// As the first error says that says something, of an error and its sources. `said_by` knows more errors
    /// than those of this crate.
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

    /// Whether the same again can succeed without any change.
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

    /// A reaction that executes a command fails in this way where the store is away.
    #[test]
    fn a_command_whose_store_is_away_passes() {
        let away = StoreError::Unavailable { source: "no route".into() };
        let failed: BoxError = ExecuteError::<Infallible>::from(away).into();
        assert_eq!(Cause::of(&failed, |_| None), Cause::Passing);
    }
}

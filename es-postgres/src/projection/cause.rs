//! Whose fault it is that a handler has failed.

use std::error::Error;
use std::iter::successors;

use es_core::{BoxError, DecodeError, DecodeProblem, StoreError};
use sqlx::error::DatabaseError;

use crate::connect::failure::Failure;
use crate::connect::sqlstate::{Class, class, is_of_schema};

/// What has to happen before a handler, or the decoding of an event, succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It passes, as a lock, a deadlock or a full disk does: the same again.
    Passing,
    /// The session takes no writes any more, or is gone: the same again, on another one.
    Session,
    /// Nobody can tell. The handler swallowed an error of SQL, and all that is known is that the transaction
    /// has failed; or a statement was planned for tables of before. It may pass.
    Hidden,
    /// A table, a column, a function or a privilege is missing, for every event alike.
    Setup,
    /// A newer program has to be deployed.
    Newer,
    /// The handler cannot take this event.
    Event,
}

impl Cause {
    /// As the first error says that says something, of an error and its sources.
    pub(super) fn of(error: &BoxError) -> Self {
        with_sources(&**error).find_map(Self::said_by).unwrap_or(Self::Event)
    }

    /// Whether the same again can succeed without any change.
    pub(super) const fn passes(self) -> bool {
        matches!(self, Self::Passing | Self::Session)
    }

    fn said_by(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(error) = error.downcast_ref::<sqlx::Error>() {
            return Self::of_driver(error);
        }
        // Where a transparent error leaves out the driver's.
        if let Some(error) = error.downcast_ref::<Box<dyn DatabaseError>>() {
            return Some(Self::of_code(error.code().as_deref()));
        }
        if let Some(error) = error.downcast_ref::<Failure>() {
            return Some(match error {
                Failure::Server { fatal: true, .. } => Self::Session,
                Failure::Server { code, .. } => Self::of_code(Some(code)),
                error if error.is_lost() => Self::Session,
                _ => Self::Event,
            });
        }
        if let Some(error) = error.downcast_ref::<DecodeError>() {
            let newer = matches!(error.problem(), DecodeProblem::FutureVersion { .. });
            return Some(if newer { Self::Newer } else { Self::Event });
        }
        match error.downcast_ref::<StoreError>()? {
            error if error.is_retryable() => Some(Self::Passing),
            StoreError::Setup { .. } => Some(Self::Setup),
            StoreError::Decode(error) => Self::said_by(error),
            _ => None,
        }
    }

    fn of_driver(error: &sqlx::Error) -> Option<Self> {
        match error {
            sqlx::Error::Database(error) => Some(Self::of_code(error.code().as_deref())),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Some(Self::Session),
            sqlx::Error::PoolTimedOut => Some(Self::Passing),
            // Rows have other columns than the handler reads.
            sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. } => Some(Self::Setup),
            _ => None,
        }
    }

    fn of_code(code: Option<&str>) -> Self {
        match code.unwrap_or_default() {
            "25P02" | "0A000" | "26000" => Self::Hidden,
            code if is_of_schema(code) => Self::Setup,
            code => match class(code) {
                Class::Retry | Class::Scarce => Self::Passing,
                Class::NewSession => Self::Session,
                Class::Setup => Self::Setup,
                Class::Fault => Self::Event,
            },
        }
    }
}

/// An error and its sources.
pub(super) fn with_sources<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Of {
        #[error(transparent)]
        Transparent(sqlx::Error),
        #[error("while writing")]
        Wrapped(#[source] sqlx::Error),
        #[error("while loading")]
        Store(#[source] StoreError),
    }

    fn failure(code: &str) -> Failure {
        Failure::Server { code: code.to_owned(), message: String::new(), fatal: false }
    }

    #[test]
    fn each_code_says_what_it_says_about_the_event() {
        for (cause, codes) in [
            (Cause::Passing, &["55P03", "40001", "40P01", "57014", "53100", "53200", "53300"][..]),
            (Cause::Session, &["25006", "57P01", "08006"]),
            (Cause::Hidden, &["25P02", "0A000"]),
            (Cause::Setup, &["42P01", "42703", "42883", "42501", "3F000", "42P10", "42804", "42704"]),
            (Cause::Event, &["23505", "22012", "42601", "P0001", "22P02", ""]),
        ] {
            for code in codes {
                assert_eq!(Cause::of(&failure(code).into()), cause, "{code}");
            }
        }
    }

    #[test]
    fn the_error_that_says_it_is_found_among_the_sources() {
        assert_eq!(Cause::of(&Of::Wrapped(sqlx::Error::PoolTimedOut).into()), Cause::Passing);
        assert_eq!(Cause::of(&Of::Wrapped(sqlx::Error::ColumnNotFound(String::new())).into()), Cause::Setup);
        assert_eq!(Cause::of(&Of::Wrapped(sqlx::Error::RowNotFound).into()), Cause::Event);
        assert_eq!(Cause::of(&Of::Transparent(sqlx::Error::PoolTimedOut).into()), Cause::Event);
        let away = StoreError::Unavailable { source: failure("57P03").into() };
        assert_eq!(Cause::of(&Of::Store(away).into()), Cause::Passing);
        assert_eq!(Cause::of(&"it does not like it".into()), Cause::Event);
    }
}

//! Classifies errors of the driver: what caused a handler to fail.

use std::error::Error;
use std::iter::successors;

use es_core::projection::Cause;
use sqlx::error::DatabaseError;

use crate::connect::failure::Failure;
use crate::connect::sqlstate::{Class, class, is_of_schema};

/// The cause of an error; `None` if it is not an error of the driver or the server.
pub(super) fn cause_of_error(error: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<sqlx::Error>() {
        return of_driver(error);
    }
    // A transparent error type can hide the driver's error.
    if let Some(error) = error.downcast_ref::<Box<dyn DatabaseError>>() {
        return Some(of_code(error.code().as_deref()));
    }
    Some(match error.downcast_ref::<Failure>()? {
        Failure::Server { fatal: true, .. } => Cause::Session,
        Failure::Server { code, .. } => of_code(Some(code)),
        error if error.is_lost() => Cause::Session,
        _ => Cause::Event,
    })
}

fn of_driver(error: &sqlx::Error) -> Option<Cause> {
    match error {
        sqlx::Error::Database(error) => Some(of_code(error.code().as_deref())),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Some(Cause::Session),
        sqlx::Error::PoolTimedOut => Some(Cause::Passing),
        // The rows lack the columns that the handler reads.
        sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => Some(Cause::Setup),
        _ => None,
    }
}

fn of_code(code: Option<&str>) -> Cause {
    match code.unwrap_or_default() {
        "25P02" | "0A000" | "26000" => Cause::Hidden,
        code if is_of_schema(code) => Cause::Setup,
        code => match class(code) {
            Class::Retry | Class::Scarce => Cause::Passing,
            Class::NewSession => Cause::Session,
            Class::Setup => Cause::Setup,
            Class::Fault => Cause::Event,
        },
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
    use es_core::StoreError;
    use es_core::record::BoxError;

    use super::*;

    fn of(error: impl Into<BoxError>) -> Cause {
        Cause::of(&error.into(), cause_of_error)
    }

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
    fn each_code_has_the_right_cause() {
        for (cause, codes) in [
            (Cause::Passing, &["55P03", "40001", "40P01", "57014", "53100", "53200", "53300"][..]),
            (Cause::Session, &["25006", "57P01", "08006"]),
            (Cause::Hidden, &["25P02", "0A000"]),
            (Cause::Setup, &["42P01", "42703", "42883", "42501", "3F000", "42P10", "42804", "42704"]),
            (Cause::Event, &["23505", "22012", "42601", "P0001", "22P02", ""]),
        ] {
            for code in codes {
                assert_eq!(of(failure(code)), cause, "{code}");
            }
        }
    }

    #[test]
    fn the_error_that_tells_the_cause_is_found_among_the_sources() {
        assert_eq!(of(Of::Wrapped(sqlx::Error::PoolTimedOut)), Cause::Passing);
        assert_eq!(of(Of::Wrapped(sqlx::Error::ColumnNotFound(String::new()))), Cause::Setup);
        assert_eq!(of(Of::Wrapped(sqlx::Error::RowNotFound)), Cause::Event);
        assert_eq!(of(Of::Transparent(sqlx::Error::PoolTimedOut)), Cause::Event);
        let away = StoreError::Unavailable { source: failure("57P03").into() };
        assert_eq!(of(Of::Store(away)), Cause::Passing);
        assert_eq!(of("the handler fails"), Cause::Event);
    }
}

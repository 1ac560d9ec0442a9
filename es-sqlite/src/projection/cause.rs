//! Classifies errors of the driver: whether the event, the connection or the schema caused them.

use std::error::Error;

use es_core::StoreError;
use es_core::projection::{Cause, ProjectorError};
use sqlx::error::DatabaseError;

use crate::error::Failure;

/// How SQLite begins its message when a handler uses something that the file lacks; the code is the generic
/// one.
const LACKS: [&str; 8] = [
    "no such table",
    "no such column",
    "no such function",
    "no such module",
    "no such collation",
    "no such view",
    "no such index",
    "wrong number of arguments",
];

/// The cause of an error; `None` if it is not an error of the driver.
pub(super) fn of_error(error: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<sqlx::Error>() {
        return of_driver(error);
    }
    // A transparent error may omit the driver's error from its sources.
    error.downcast_ref::<Box<dyn DatabaseError>>().map(|error| of_database(&**error))
}

fn of_driver(error: &sqlx::Error) -> Option<Cause> {
    match error {
        sqlx::Error::Database(error) => Some(of_database(&**error)),
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Some(Cause::Session),
        sqlx::Error::PoolTimedOut => Some(Cause::Passing),
        // The rows have other columns than the handler reads.
        sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => Some(Cause::Setup),
        _ => None,
    }
}

fn of_database(error: &dyn DatabaseError) -> Cause {
    let code = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    of_code(code, error.message())
}

/// By the low byte of the codes of <https://sqlite.org/rescode.html>.
fn of_code(code: i32, message: &str) -> Cause {
    match code & 0xff {
        // BUSY, LOCKED, NOMEM, FULL, PROTOCOL, SCHEMA.
        5 | 6 | 7 | 13 | 15 | 17 => Cause::Passing,
        // INTERRUPT, IOERR.
        9 | 10 => Cause::Session,
        // PERM, READONLY, CORRUPT, CANTOPEN, NOLFS, AUTH, NOTADB.
        3 | 8 | 11 | 14 | 22 | 23 | 26 => Cause::Setup,
        1 if is_of_schema(message) => Cause::Setup,
        _ => Cause::Event,
    }
}

fn is_of_schema(message: &str) -> bool {
    LACKS.iter().any(|lack| message.starts_with(lack))
        || message.contains(" has no column named ")
        || message.contains(" values were supplied")
}

/// An error of our own statement: what is transient in a handler is transient here as well.
pub(super) fn failed(error: sqlx::Error) -> ProjectorError {
    let passes = of_error(&error).is_some_and(Cause::passes);
    ProjectorError::Store(match StoreError::from(Failure::from(error)) {
        StoreError::Backend { source, retryable } => {
            StoreError::Backend { source, retryable: retryable || passes }
        }
        error => error,
    })
}

/// Whether one of our tables does not exist, because the build was dropped or never set up.
pub(super) fn lacks_tables(error: &sqlx::Error) -> bool {
    let database = error.as_database_error();
    database.is_some_and(|error| error.message().starts_with("no such table: es_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_classified_by_what_caused_it() {
        for (cause, errors) in [
            (Cause::Passing, &[(5, ""), (517, ""), (6, ""), (13, "database or disk is full")][..]),
            (Cause::Session, &[(10, ""), (778, ""), (9, "interrupted")]),
            (
                Cause::Setup,
                &[
                    (1, "no such table: balances"),
                    (1, "table balances has no column named cents"),
                    (1, "table balances has 2 columns but 3 values were supplied"),
                    (8, ""),
                ],
            ),
            (Cause::Event, &[(19, ""), (2067, ""), (1, "near \"x\": syntax error"), (20, "")]),
        ] {
            for (code, message) in errors {
                assert_eq!(of_code(*code, message), cause, "{code} {message}");
            }
        }
    }
}

//! What can fail in a file, recognised by the result codes of SQLite, and what it means for the caller.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use es_core::{Position, StoreError, StreamId};

/// Why a call failed. Cheap to clone, as several callers can get the same failure.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// An error of SQLite or of the driver.
    Driver(Arc<sqlx::Error>),
    /// The path leads to a different file than the one that was opened, or to none.
    Replaced(Arc<str>),
    /// The disk failed during a commit, and nothing of it is in the file, as a later read has shown.
    Undone(Arc<str>),
    /// A caller waited too long.
    Waited(&'static str),
    /// The store was closed.
    Closed,
    /// Rows that no append writes.
    Damaged(Arc<str>),
    /// The store is open for reading only.
    ReadOnly,
    /// A copy could not be made.
    Copy(Arc<str>),
    /// An error that the caller gets unchanged.
    Store(Arc<StoreError>),
}

/// What a result code means for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Another connection is writing; the same call can succeed later.
    Busy,
    /// A row that already exists, or a trigger that rejects it.
    Refused,
    /// Somebody has to change something first.
    Setup,
    /// The file is not as SQLite wrote it.
    Damaged,
    /// The disk is full.
    Full,
    /// The disk or the memory failed.
    Io,
    /// The file is open for reading only.
    ReadOnly,
    /// Anything else.
    Other,
}

/// By the low byte of the codes of <https://sqlite.org/rescode.html>; the other bytes only add detail.
const fn meaning(code: i32) -> Meaning {
    // IOERR_SHMSIZE: the `-shm` file of the write-ahead log cannot grow.
    if code == 4874 {
        return Meaning::Full;
    }
    match code & 0xff {
        // BUSY, LOCKED, PROTOCOL, SCHEMA.
        5 | 6 | 15 | 17 => Meaning::Busy,
        // CONSTRAINT.
        19 => Meaning::Refused,
        // PERM, CANTOPEN, NOLFS, AUTH.
        3 | 14 | 22 | 23 => Meaning::Setup,
        // CORRUPT, NOTADB.
        11 | 26 => Meaning::Damaged,
        // FULL.
        13 => Meaning::Full,
        // NOMEM, INTERRUPT, IOERR.
        7 | 9 | 10 => Meaning::Io,
        // READONLY.
        8 => Meaning::ReadOnly,
        _ => Meaning::Other,
    }
}

impl Failure {
    pub(crate) fn damaged(what: impl Into<Arc<str>>) -> Self {
        Self::Damaged(what.into())
    }

    pub(crate) fn meaning(&self) -> Meaning {
        match self {
            Self::Driver(error) => of_driver(error),
            Self::Replaced(_) | Self::Copy(_) => Meaning::Setup,
            Self::Waited(_) | Self::Undone(_) => Meaning::Busy,
            Self::Damaged(_) => Meaning::Damaged,
            Self::ReadOnly => Meaning::ReadOnly,
            Self::Closed | Self::Store(_) => Meaning::Other,
        }
    }

    /// Whether every call would fail with it, rather than one call among several.
    pub(crate) fn affects_every_call(&self) -> bool {
        !matches!(self.meaning(), Meaning::Refused | Meaning::Other)
    }

    /// The failure of a commit of which nothing was written.
    pub(crate) fn undone(self) -> Self {
        match self.meaning() {
            Meaning::Busy | Meaning::Full => self,
            _ => Self::Undone(self.to_string().into()),
        }
    }

    /// Converts to the error of a read at which the event at this position was next.
    pub(crate) fn at(self, position: Position) -> StoreError {
        match self.meaning() {
            Meaning::Damaged => StoreError::DamagedEvent { position, source: Box::new(self) },
            _ => self.into(),
        }
    }

    /// Converts to the error of an append whose commit failed halfway.
    pub(crate) fn of_commit(self, stream: &StreamId) -> StoreError {
        match self.meaning() {
            Meaning::Io | Meaning::Other | Meaning::Damaged => {
                StoreError::OutcomeUnknown { stream: stream.clone(), source: Box::new(self) }
            }
            _ => self.into(),
        }
    }
}

pub(crate) fn of_driver(error: &sqlx::Error) -> Meaning {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
            meaning(code)
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Meaning::Damaged,
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Meaning::Io,
        _ => Meaning::Other,
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(Arc::new(error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Driver(error) => {
                write!(f, "{error}")?;
                match self.meaning() {
                    Meaning::Busy => "; another program or transaction is writing to the file",
                    Meaning::Full => "; make room on the disk, and try again",
                    Meaning::Setup => "; check that the file and its folder can be read and written",
                    Meaning::Damaged => "; the file is damaged, restore it from a backup",
                    Meaning::ReadOnly => "; the file cannot be written",
                    _ => "",
                }
                .into()
            }
            Self::Replaced(path) => Cow::Owned(format!(
                "the file {path:?} was moved, deleted or replaced while it was open; open the store again"
            )),
            Self::Undone(what) => Cow::Owned(format!("{what}; nothing was written")),
            Self::Copy(what) => Cow::Owned(what.to_string()),
            Self::Waited(what) => (*what).into(),
            Self::Closed => "the store was closed".into(),
            Self::Damaged(what) => {
                Cow::Owned(format!("{what}; the file is damaged, restore it from a backup"))
            }
            Self::ReadOnly => "the store was opened for reading only".into(),
            Self::Store(error) => return error.fmt(f),
        };
        f.write_str(&text)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Driver(error) => Some(&**error),
            Self::Store(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let failure = match failure {
            Failure::Closed => return Self::Closed,
            Failure::ReadOnly => return Self::ReadOnly,
            Failure::Store(error) => match Arc::try_unwrap(error) {
                Ok(error) => return error,
                Err(shared) => Failure::Store(shared),
            },
            other => other,
        };
        let source = |failure| Box::new(failure);
        match failure.meaning() {
            Meaning::Busy => Self::Unavailable { source: source(failure) },
            Meaning::Setup | Meaning::ReadOnly => Self::Setup { source: source(failure) },
            Meaning::Full => Self::Backend { source: source(failure), retryable: true },
            Meaning::Refused | Meaning::Damaged | Meaning::Io | Meaning::Other => {
                Self::Backend { source: source(failure), retryable: false }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_transient_errors_are_retryable() {
        let codes = [
            (5, true),
            (517, true),
            (6, true),
            (13, true),
            (4874, true),
            (10, false),
            (11, false),
            (2067, false),
        ];
        for (code, again) in codes {
            assert_eq!(matches!(meaning(code), Meaning::Busy | Meaning::Full), again, "{code}");
        }
    }
}

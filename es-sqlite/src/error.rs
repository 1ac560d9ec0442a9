//! What can go wrong in a file, told by the codes of `SQLite`, and what it is for the caller.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use es_core::{Position, StoreError, StreamId};

/// Why a call failed. Cheap to clone, as one failure can be that of many callers.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// `SQLite` or the driver said so.
    Driver(Arc<sqlx::Error>),
    /// The file at the path is another one than that which was opened, or none.
    Replaced(Arc<str>),
    /// The disk failed in the middle of a commit, of which nothing is in the file, as has been found out.
    Undone(Arc<str>),
    /// A caller waited for too long.
    Waited(&'static str),
    /// The store was closed.
    Closed,
    /// Rows that no append leaves behind.
    Damaged(Arc<str>),
    /// Opened for reading only.
    ReadOnly,
    /// A copy could not be made.
    Copy(Arc<str>),
    /// What a caller is told as it is.
    Store(Arc<StoreError>),
}

/// What a result code means for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Somebody else is writing; the same call can succeed later.
    Busy,
    /// A row that is there already, or a trigger that refuses.
    Refused,
    /// Somebody has to change something first.
    Setup,
    /// The file is not what `SQLite` wrote.
    Damaged,
    /// There is no room on the disk.
    Full,
    /// The disk, or the memory, failed.
    Io,
    /// The file is opened for reading only.
    ReadOnly,
    /// Anything else.
    Other,
}

/// The low byte of the codes of <https://sqlite.org/rescode.html>; the rest says more of the same.
const fn meaning(code: i32) -> Meaning {
    // IOERR_SHMSIZE: the file beside the write-ahead log cannot grow.
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

    /// Whether it would be that of every call, rather than of one among several.
    pub(crate) fn is_everybodys(&self) -> bool {
        !matches!(self.meaning(), Meaning::Refused | Meaning::Other)
    }

    /// As that of a commit that has left nothing behind.
    pub(crate) fn undone(self) -> Self {
        match self.meaning() {
            Meaning::Busy | Meaning::Full => self,
            _ => Self::Undone(self.to_string().into()),
        }
    }

    /// As the error of a read, in which the event at this position would have come next.
    pub(crate) fn at(self, position: Position) -> StoreError {
        match self.meaning() {
            Meaning::Damaged => StoreError::DamagedEvent { position, source: Box::new(self) },
            _ => self.into(),
        }
    }

    /// As the error of an append whose commit failed in the middle.
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
        let said = match self {
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
        f.write_str(&said)
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
    fn what_can_pass_is_tried_again_and_nothing_else() {
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

//! The words of the functions that write, in the only place that knows them.

use es_core::StoreError;

use crate::connect::failure::unexpected;

/// What became of an append, of a chain of them, or of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Appended,
    Remembered,
    Conflict,
    Repeated,
    NotWritten,
    Closed,
    /// Another transaction is making the stream.
    Held,
    /// Another call has to tell.
    Apart,
    /// The transaction has this isolation level.
    IsolationLevel(String),
}

impl Outcome {
    pub(super) fn of(word: &str) -> Result<Self, StoreError> {
        Ok(match word {
            "appended" => Self::Appended,
            "remembered" => Self::Remembered,
            "conflict" => Self::Conflict,
            "repeated" => Self::Repeated,
            "not written" => Self::NotWritten,
            "closed" => Self::Closed,
            "held" => Self::Held,
            "apart" => Self::Apart,
            "repeatable read" | "serializable" => Self::IsolationLevel(word.to_owned()),
            other => return Err(unexpected(format!("what is written was answered with {other:?}"))),
        })
    }
}

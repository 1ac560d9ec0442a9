//! The outcomes that the append functions return as text; no other file knows these texts.

use es_core::StoreError;

use crate::connect::failure::unexpected;

/// The outcome of an append, of a chain of appends, or of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Appended,
    Remembered,
    Conflict,
    Repeated,
    NotWritten,
    Closed,
    /// Another transaction is creating the stream.
    Held,
    /// The chain has to be sent in a call of its own.
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
            other => return Err(unexpected(format!("an append function returned the outcome {other:?}"))),
        })
    }
}

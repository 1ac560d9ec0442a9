//! Conversion of values for the server.

use es_core::store::Checkpoint;

pub(super) const fn position(checkpoint: Checkpoint) -> i64 {
    checkpoint.position().get().cast_signed()
}

pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Text without NUL characters, which the server rejects.
pub(super) fn kept(text: &str) -> String {
    text.replace('\0', "")
}

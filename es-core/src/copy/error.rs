//! Why a store was not copied.

use super::copied::Digest;
use crate::error::StoreError;

/// Why a copy was not completed. What was copied so far stays, and is not copied again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The source failed.
    #[error("the store that is copied cannot be read: {0}")]
    Source(#[source] StoreError),
    /// The target failed.
    #[error("the store that is copied into failed: {0}")]
    Target(#[source] StoreError),
    /// The target holds events that are not those of the source.
    #[error(
        "the store that is copied into holds events of another history, so nothing was copied ({0}); copy \
         into an empty store, or into one that an earlier copy of the same store left"
    )]
    AnotherHistory(#[source] StoreError),
    /// Events were appended to the source all the time.
    #[error(
        "the store was changed while it was copied, so the copy is not known to be complete; stop the \
         programs that write to it, and copy again: what is copied stays"
    )]
    SourceMoved,
    /// The two stores differ in the end.
    #[error(
        "the copy is not equal to the store that was copied: {what}: {source_digest} there, {target_digest} \
         in the copy; do not use it, and report this"
    )]
    Differs {
        /// What differs: events, commands, closed streams or names.
        what: &'static str,
        /// The source's.
        source_digest: Digest,
        /// The target's.
        target_digest: Digest,
    },
}

impl CopyError {
    /// Whether calling again can succeed without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Source(error) | Self::Target(error) => error.is_retryable(),
            _ => false,
        }
    }
}

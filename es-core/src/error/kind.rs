//! What a caller does about an error of a store.

use super::store::StoreError;

/// What to do about a [`StoreError`]: see [`StoreError::kind`].
///
/// | kind | what to do |
/// |---|---|
/// | `Unavailable` | retry later; [`is_retryable`](StoreError::is_retryable) is true of these alone |
/// | `OutcomeUnknown` | repeat the command with the same command id |
/// | `InvalidInput` | reject the input; the same call fails every time |
/// | `CommandId` | send the command under a new id, if it is meant again |
/// | `Misconfigured` | alarm: correct the program, its options or the store's setup |
/// | `Corrupt` | alarm: what is stored does not read as it should; see `docs/operations.md` |
/// | `Other` | alarm: the store failed in a way that no retry corrects |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot serve now.
    Unavailable,
    /// Whether the events are stored is not known.
    OutcomeUnknown,
    /// The store cannot take what the call contains.
    InvalidInput,
    /// The command id was used before, and not for the same decision.
    CommandId,
    /// The program, its options or the setup of the store do not fit together.
    Misconfigured,
    /// What is stored does not decode, is damaged, or belongs to another history.
    Corrupt,
    /// Any other failure of the store.
    Other,
}

impl StoreError {
    /// Whether the same call can succeed later, without any change.
    ///
    /// [`OutcomeUnknown`](Self::OutcomeUnknown) is not: its events may be stored already.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.kind(), StoreErrorKind::Unavailable)
    }

    /// What to do about the error.
    ///
    /// ```
    /// use es_core::{StoreError, StoreErrorKind};
    ///
    /// fn status(error: &StoreError) -> u16 {
    ///     match error.kind() {
    ///         StoreErrorKind::InvalidInput => 400,
    ///         StoreErrorKind::CommandId => 409,
    ///         StoreErrorKind::Unavailable | StoreErrorKind::OutcomeUnknown => 503,
    ///         _ => 500,
    ///     }
    /// }
    /// assert_eq!(status(&StoreError::ReadOnly), 500);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Unavailable { .. } | Self::Backend { retryable: true, .. } => StoreErrorKind::Unavailable,
            Self::OutcomeUnknown { .. } => StoreErrorKind::OutcomeUnknown,
            Self::InvalidStreamId(_)
            | Self::StreamClosed { .. }
            | Self::EmptyAppend { .. }
            | Self::DuplicateStream { .. }
            | Self::TooLarge { .. }
            | Self::AppendTooLarge { .. }
            | Self::InvalidEventType { .. }
            | Self::InvalidCommandName { .. }
            | Self::NotJson { .. }
            | Self::NulCharacter { .. }
            | Self::TimeOutOfRange { .. }
            | Self::MetadataNotReadable { .. }
            | Self::Encode(_)
            | Self::NotReadable { .. }
            | Self::NotApplicable { .. }
            | Self::NotNext { .. } => StoreErrorKind::InvalidInput,
            Self::CommandIdReused { .. } | Self::NotRejectedAgain { .. } | Self::NotRepeated { .. } => {
                StoreErrorKind::CommandId
            }
            Self::SplitCategory { .. }
            | Self::SchemaConflict { .. }
            | Self::NotRegistered { .. }
            | Self::ReadOnly
            | Self::Closed
            | Self::IsolationLevel { .. }
            | Self::NoTransaction
            | Self::Setup { .. } => StoreErrorKind::Misconfigured,
            Self::InvalidKey(_)
            | Self::Decode(_)
            | Self::Damaged { .. }
            | Self::DamagedEvent { .. }
            | Self::ForeignCheckpoint { .. } => StoreErrorKind::Corrupt,
            Self::Backend { retryable: false, .. } => StoreErrorKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StoreErrorKind;
    use crate::error::store::StoreError;

    #[test]
    fn only_what_is_unavailable_is_retryable() {
        let backend = |retryable| StoreError::Backend { retryable, source: "the disk is slow".into() };
        for (error, kind) in [
            (StoreError::Unavailable { source: "the server is away".into() }, StoreErrorKind::Unavailable),
            (backend(true), StoreErrorKind::Unavailable),
            (backend(false), StoreErrorKind::Other),
            (StoreError::ReadOnly, StoreErrorKind::Misconfigured),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(error.is_retryable(), kind == StoreErrorKind::Unavailable, "{error}");
        }
    }
}

//! Checking, or updating.

/// What a run of the lock test may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Check,
    /// Entries and payloads of new versions, and what stored payloads mean.
    Update,
}

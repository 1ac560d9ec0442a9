//! Options of a transaction.

use std::borrow::Cow;

use crate::record::Metadata;
use crate::store::CommandKey;

/// Options of a [transaction](crate::Repository::transaction).
///
/// ```
/// use es_core::repository::TransactionOptions;
/// use es_core::uuid::Uuid;
/// use es_core::Metadata;
///
/// let options = TransactionOptions::new()
///     .metadata(Metadata::new().actor("clerk-112"))
///     .command_id(Uuid::nil());
/// # drop(options);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TransactionOptions {
    pub(super) metadata: Metadata,
    pub(super) command: Option<CommandKey>,
    pub(super) name: Option<Cow<'static, str>>,
}

impl TransactionOptions {
    /// Default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The metadata of all events.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// The idempotency key: under one id the transaction is executed once, and every repetition returns the
    /// first outcome. The id is stored in the command ledger of each stream that the transaction reads or
    /// writes.
    ///
    /// A repetition runs the transaction again on the states on which it was first decided, so that it
    /// returns the same value, and writes nothing. So a transaction must depend on nothing but its arguments
    /// and the states that it reads; if it takes another course,
    /// [`StoreError::NotRepeated`](crate::StoreError::NotRepeated) names the stream.
    ///
    /// Only what was written is remembered: a transaction that was rejected, or wrote nothing, is decided
    /// again.
    #[must_use]
    pub fn command_id(mut self, key: impl Into<CommandKey>) -> Self {
        self.command = Some(key.into());
        self
    }

    /// The name in the command ledger, by which commands of one id are compared. Defaults to `transaction`.
    #[must_use]
    pub fn command_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

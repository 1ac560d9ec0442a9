//! What a caller may say about a transaction.

use std::borrow::Cow;

use crate::record::Metadata;
use crate::store::CommandKey;

/// What goes with a [transaction](crate::Repository::transaction) besides what it does.
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
    /// Nothing said.
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

    /// Makes the transaction idempotent: under one id it is executed once, and every repetition gets the
    /// first outcome. The id goes into the command ledger of each stream that the transaction reads or
    /// writes.
    ///
    /// A repetition runs the transaction again on the states on which it was decided first, so that it comes
    /// to the same value, and writes nothing. That takes a transaction that depends on nothing but its
    /// arguments and the states that it reads; should it take another course,
    /// [`StoreError::NotRepeated`](crate::StoreError::NotRepeated) says where.
    ///
    /// What is remembered is what was written: a transaction that was rejected, or wrote nothing, is decided
    /// again.
    #[must_use]
    pub fn command_id(mut self, key: impl Into<CommandKey>) -> Self {
        self.command = Some(key.into());
        self
    }

    /// The name in the ledger, where commands of one id are compared by it. Defaults to `transaction`.
    #[must_use]
    pub fn command_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

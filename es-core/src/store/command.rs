//! The command ledger: it makes commands idempotent.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::StoreError;
use crate::stream::{Revision, StreamId};

/// The idempotency key of a command: repeating it returns the first outcome.
///
/// ```
/// use es_core::store::CommandKey;
/// use es_core::uuid::Uuid;
///
/// let id = Uuid::now_v7();
/// assert_eq!(CommandKey::from(id), CommandKey::new(id));
/// assert_eq!(CommandKey::new(id).body_hash(Some(7)).body_hash, Some(7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CommandKey {
    /// The command id, unique within the stream.
    pub id: Uuid,
    /// A hash of the body, if another body under the same id must be an error.
    pub body_hash: Option<i64>,
}

impl CommandKey {
    /// A command of this id, whatever its body is.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self { id, body_hash: None }
    }

    /// Also rejects another body under the same id, by its hash.
    #[must_use]
    pub const fn body_hash(mut self, hash: Option<i64>) -> Self {
        self.body_hash = hash;
        self
    }
}

impl From<Uuid> for CommandKey {
    fn from(id: Uuid) -> Self {
        Self::new(id)
    }
}

/// A command whose outcome is to be remembered in the command ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandRecord<'a> {
    /// Its idempotency key.
    pub key: CommandKey,
    /// The command's name. One id belongs to one command, so another name under it is rejected.
    pub name: &'a str,
}

impl<'a> CommandRecord<'a> {
    /// A command of this name.
    #[must_use]
    pub const fn new(key: CommandKey, name: &'a str) -> Self {
        Self { key, name }
    }

    /// Rejects a name that not every store can hold.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidCommandName`].
    pub fn check(&self, stream: &StreamId) -> Result<(), StoreError> {
        if self.name.contains('\0') {
            let (stream, command_id, name) = (stream.clone(), self.key.id, self.name.into());
            return Err(StoreError::InvalidCommandName { stream, command_id, name });
        }
        Ok(())
    }
}

/// What a command did when it was first executed.
///
/// ```
/// use es_core::Revision;
/// use es_core::store::CommandOutcome;
///
/// let outcome = CommandOutcome::new(Revision::new(5), 2).name(Some("Withdraw".into()));
/// assert_eq!((outcome.count, outcome.rejected, outcome.body_hash), (2, false, None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandOutcome {
    /// The revision of its first event or, for a command that stored none, the one on which it was decided.
    pub first: Revision,
    /// How many events it stored. 0 if its decision was [remembered](super::EventStore::remember).
    pub count: u64,
    /// Whether the decision was a rejection. If so, it stored no events.
    pub rejected: bool,
    /// The hash of its body, if its caller provided one.
    pub body_hash: Option<i64>,
    /// The command's name, unless the command ledger has lost it since.
    pub name: Option<Arc<str>>,
}

impl CommandOutcome {
    /// The revision of its first event, and how many it stored.
    #[must_use]
    pub const fn new(first: Revision, count: u64) -> Self {
        Self { first, count, rejected: false, body_hash: None, name: None }
    }

    /// Sets whether it was rejected.
    #[must_use]
    pub const fn rejected(mut self, rejected: bool) -> Self {
        self.rejected = rejected;
        self
    }

    /// Adds the hash of its body.
    #[must_use]
    pub const fn body_hash(mut self, hash: Option<i64>) -> Self {
        self.body_hash = hash;
        self
    }

    /// Adds its name.
    #[must_use]
    pub fn name(mut self, name: Option<Arc<str>>) -> Self {
        self.name = name;
        self
    }

    /// Rejects the outcome for a command of another name, or of another body if both bodies are known.
    ///
    /// # Errors
    ///
    /// [`StoreError::CommandIdReused`].
    pub fn check(&self, stream: &StreamId, command: CommandRecord<'_>) -> Result<(), StoreError> {
        let CommandRecord { key, name } = command;
        let first = self.name.as_deref().filter(|first| *first != name);
        let other_body = matches!((self.body_hash, key.body_hash), (Some(first), Some(now)) if first != now);
        if first.is_none() && !other_body {
            return Ok(());
        }
        let first = first.map(Box::from);
        Err(StoreError::CommandIdReused { stream: stream.clone(), command_id: key.id, first })
    }
}

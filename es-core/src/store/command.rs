//! The command ledger: it makes commands idempotent.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::StoreError;
use crate::stream::{Revision, StreamId};

/// The idempotency key of a command: repeating it returns the first outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandKey {
    /// The command id, unique within the stream.
    pub id: Uuid,
    /// A hash of the body, if another body under the same id must be an error.
    pub body_hash: Option<i64>,
}

impl From<Uuid> for CommandKey {
    fn from(id: Uuid) -> Self {
        Self { id, body_hash: None }
    }
}

/// A command whose outcome is to be remembered in the command ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandRecord<'a> {
    /// Its idempotency key.
    pub key: CommandKey,
    /// The command's name. One id belongs to one command, so another name under it is rejected.
    pub name: &'a str,
}

impl CommandRecord<'_> {
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

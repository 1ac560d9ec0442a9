//! The ledger of commands: what makes repeating one harmless.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::StoreError;
use crate::stream::{Revision, StreamId};

/// What one caller calls one command: repeating it gives the first outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandKey {
    /// Unique for the stream.
    pub id: Uuid,
    /// A hash of the body, where another body under the same id is to be an error.
    pub body_hash: Option<i64>,
}

impl From<Uuid> for CommandKey {
    fn from(id: Uuid) -> Self {
        Self { id, body_hash: None }
    }
}

/// A command whose outcome is to be remembered in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandRecord<'a> {
    /// What the caller calls it.
    pub key: CommandKey,
    /// The command's name. Under one id there is one command, so another name under it is refused.
    pub name: &'a str,
}

impl CommandRecord<'_> {
    /// Refuses a name that not every store can hold.
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

/// What a command did when it was carried out first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutcome {
    /// The revision of its first event; of a command that stored none, the one on which it was decided.
    pub first: Revision,
    /// How many events it stored. None if its decision was [remembered](super::EventStore::remember).
    pub count: u64,
    /// Whether the decision was a rejection. It stored no events then.
    pub rejected: bool,
    /// The hash of its body, if its caller gave one.
    pub body_hash: Option<i64>,
    /// The command's name, unless the ledger has lost it meanwhile.
    pub name: Option<Arc<str>>,
}

impl CommandOutcome {
    /// Refuses the outcome for a command of another name, or of another body where both bodies are known.
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

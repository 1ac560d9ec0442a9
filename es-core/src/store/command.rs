//! The ledger of commands: what makes repeating one harmless.

use uuid::Uuid;

use crate::{Revision, StoreError, StreamId};

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
    /// The command's name, for people who read the ledger.
    pub name: &'a str,
}

/// What a command did when it was carried out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandOutcome {
    /// The revision of its first event.
    pub first: Revision,
    /// How many events it stored.
    pub count: u64,
    /// The hash of its body, if its caller gave one.
    pub body_hash: Option<i64>,
}

impl CommandOutcome {
    /// Refuses the outcome if both bodies are known and differ.
    ///
    /// # Errors
    ///
    /// [`StoreError::CommandIdReused`].
    pub fn check(&self, stream: &StreamId, key: CommandKey) -> Result<(), StoreError> {
        match (self.body_hash, key.body_hash) {
            (Some(first), Some(now)) if first != now => {
                Err(StoreError::CommandIdReused { stream: stream.clone(), command_id: key.id })
            }
            _ => Ok(()),
        }
    }
}

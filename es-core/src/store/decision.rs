//! Remembering decisions that write no events.

use uuid::Uuid;

use super::{CommandOutcome, CommandRecord};
use crate::stream::{Revision, StreamId};

/// The decision that a command writes no event, to be remembered under the command's id. The domain's error
/// is not part of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Decision<'a> {
    /// The stream, which need not exist.
    pub stream: &'a StreamId,
    /// The revision on which it was decided.
    pub revision: Revision,
    /// The id of the stream's last event, if the caller knows it.
    pub last_event_id: Option<Uuid>,
    /// The command.
    pub command: CommandRecord<'a>,
    /// Whether the command was rejected; otherwise it yielded no events.
    pub rejected: bool,
}

impl<'a> Decision<'a> {
    /// The command yielded no events.
    #[must_use]
    pub const fn empty(stream: &'a StreamId, revision: Revision, command: CommandRecord<'a>) -> Self {
        Self { stream, revision, last_event_id: None, command, rejected: false }
    }

    /// The command was rejected.
    #[must_use]
    pub const fn rejected(stream: &'a StreamId, revision: Revision, command: CommandRecord<'a>) -> Self {
        Self { rejected: true, ..Self::empty(stream, revision, command) }
    }

    /// Also requires this to be the id of the stream's last event.
    #[must_use]
    pub const fn last_event_id(mut self, event_id: Option<Uuid>) -> Self {
        self.last_event_id = event_id;
        self
    }
}

/// The outcome of remembering a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a conflict is not an error: nothing was remembered"]
pub enum Remembered {
    /// Every repetition of the command returns it.
    Kept,
    /// The stream is at another revision, or its last event is another one; nothing was remembered.
    Conflict {
        /// The revision that the stream is at.
        actual: Revision,
    },
    /// The command already has an outcome.
    Repeated(CommandOutcome),
}

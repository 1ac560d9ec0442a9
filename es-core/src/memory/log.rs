//! All events in the order of their positions.

use std::sync::Arc;

use super::stream::{StoredEvent, raw};
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::Checkpoint;
use crate::stream::{Position, Revision, StreamId};

/// Under the store's lock no position is skipped; imported events can have gaps.
#[derive(Debug, Default)]
pub(super) struct Log(pub(super) Vec<LogEntry>);

#[derive(Debug, Clone)]
pub(super) struct LogEntry {
    pub(super) category: u32,
    pub(super) stream: StreamId,
    pub(super) revision: Revision,
    pub(super) stored: Arc<StoredEvent>,
}

impl Log {
    pub(super) fn next_position(&self) -> Position {
        Position::new(self.last_position().get() + 1)
    }

    pub(super) fn last_position(&self) -> Position {
        self.0.last().map_or(Position::new(0), |entry| entry.stored.position)
    }

    pub(super) fn push(
        &mut self,
        category: u32,
        stream: StreamId,
        revision: Revision,
        stored: Arc<StoredEvent>,
    ) {
        self.0.push(LogEntry { category, stream, revision, stored });
    }

    pub(super) fn end(&self) -> Checkpoint {
        self.0.last().map_or(Checkpoint::START, LogEntry::checkpoint)
    }

    /// The index of the first event after a checkpoint, whose event must be here.
    pub(super) fn after(&self, checkpoint: Checkpoint) -> Result<usize, StoreError> {
        let Some((position, event_id)) = checkpoint.event() else { return Ok(0) };
        let index = self.0.binary_search_by_key(&position, |entry| entry.stored.position).ok();
        let found = index.and_then(|index| self.0.get(index)).map(|entry| entry.stored.id);
        if let Some(index) = index
            && found == Some(event_id)
        {
            Ok(index + 1)
        } else {
            Err(StoreError::ForeignCheckpoint { position, event_id, found })
        }
    }
}

impl LogEntry {
    pub(super) fn raw(&self) -> RawEvent<'_> {
        raw(&self.stream, self.revision, &self.stored)
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint::behind(self.stored.position, self.stored.id)
    }
}

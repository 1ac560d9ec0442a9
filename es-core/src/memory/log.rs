//! All events in the order of their positions.

use std::sync::Arc;

use super::stream::{StoredEvent, raw};
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::Checkpoint;
use crate::stream::{Position, Revision, StreamId};

/// The event with position `n` stands at `n - 1`: under the lock of the store no position is drawn in vain.
#[derive(Debug, Default)]
pub(super) struct Log(pub(super) Vec<Entry>);

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) category: u32,
    pub(super) stream: StreamId,
    pub(super) revision: Revision,
    pub(super) stored: Arc<StoredEvent>,
}

impl Log {
    pub(super) const fn next_position(&self) -> Position {
        Position::new(self.0.len() as u64 + 1)
    }

    pub(super) fn push(
        &mut self,
        category: u32,
        stream: StreamId,
        revision: Revision,
        stored: Arc<StoredEvent>,
    ) {
        self.0.push(Entry { category, stream, revision, stored });
    }

    pub(super) fn head(&self) -> Checkpoint {
        self.0.last().map_or(Checkpoint::START, Entry::checkpoint)
    }

    /// The index of the first event after a checkpoint, whose event must be here.
    pub(super) fn after(&self, checkpoint: Checkpoint) -> Result<usize, StoreError> {
        let Some((position, event_id)) = checkpoint.event() else { return Ok(0) };
        let at = usize::try_from(position.get()).unwrap_or(usize::MAX);
        let found = at.checked_sub(1).and_then(|index| self.0.get(index)).map(|entry| entry.stored.event.id);
        if found == Some(event_id) {
            Ok(at)
        } else {
            Err(StoreError::ForeignCheckpoint { position, event_id, found })
        }
    }
}

impl Entry {
    pub(super) fn raw(&self) -> RawEvent<'_> {
        raw(&self.stream, self.revision, &self.stored)
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint::behind(self.stored.position, self.stored.event.id)
    }
}

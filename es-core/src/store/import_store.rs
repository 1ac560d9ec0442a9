//! Writing what another store holds, unchanged.

use async_trait::async_trait;

use super::{ExportStore, StoredCommand, StoredNames};
use crate::error::StoreError;
use crate::record::{EventPlace, RawEvent};
use crate::stream::{Position, Revision, StreamId};

/// A store into which another one can be copied, by [`copy_store`](crate::copy::copy_store): it stores events
/// with their original positions, ids and times.
///
/// Appends are for everything else; only they check what a program may write.
///
/// # Contract
///
/// 1. Each call writes all or nothing, is durable once it has returned, and is idempotent; only events must
///    follow those that are stored.
/// 2. What was imported is read as in the other store, including the checkpoints of its readers.
#[diagnostic::on_unimplemented(
    message = "nothing can be copied into `{Self}`",
    label = "no `ImportStore`",
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(ImportStore to |this| \
            …);`"
)]
#[async_trait]
pub trait ImportStore: ExportStore {
    /// Registers names, including those that are registered already.
    ///
    /// # Errors
    ///
    /// [`StoreError::SplitCategory`] and [`StoreError::SchemaConflict`]; nothing is changed then.
    async fn import_names(&self, names: &StoredNames) -> Result<(), StoreError>;

    /// Writes events after those that are stored. Their names are registered.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotNext`] of an event that does not follow, by position or by revision.
    async fn import_events(&self, events: &[RawEvent<'_>]) -> Result<(), StoreError>;

    /// Writes entries of the command ledger. The events of the commands are already stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::CommandIdReused`] of a command that has another outcome here.
    async fn import_commands(&self, commands: &[StoredCommand]) -> Result<(), StoreError>;

    /// Closes streams at whatever revision they are.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn import_closed(&self, streams: &[StreamId]) -> Result<(), StoreError>;
}

/// Finds the first imported event that does not follow the one before it. For stores, in
/// [`ImportStore::import_events`].
///
/// ```
/// use es_core::store::Following;
/// use es_core::Position;
///
/// let following = Following::after(Position::new(7));
/// # let _ = following;
/// ```
#[derive(Debug, Clone)]
pub struct Following {
    last: Position,
}

impl Following {
    /// After the last event of the store.
    #[must_use]
    pub const fn after(last: Position) -> Self {
        Self { last }
    }

    /// The next event, of a stream that is at a revision.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotNext`].
    pub fn check(&mut self, event: &RawEvent<'_>, stream: Revision) -> Result<(), StoreError> {
        if event.position <= self.last || event.revision != stream.next() {
            let (last, revision) = (self.last, stream);
            return Err(StoreError::NotNext { place: Box::new(EventPlace::new(event)), last, revision });
        }
        self.last = event.position;
        Ok(())
    }
}

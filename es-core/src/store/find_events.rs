//! Finding events by their ids.

use async_trait::async_trait;
use uuid::Uuid;

use super::Sink;
use crate::error::StoreError;

/// A store that finds events by id or correlation id, wherever they are.
///
/// # Contract
///
/// 1. Events come in the order of their positions, in bounded memory.
/// 2. Unlike [`ReadAll::read_all`](crate::store::ReadAll::read_all) it returns all that is committed, and
///    waits for nothing.
///
/// A store may have to look at every event; `es-postgres` does, unless there is an index: `docs/indexes.md`.
///
/// ```
/// use es_core::store::{Find, FindEvents};
/// use es_core::uuid::Uuid;
/// use es_core::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let request = Uuid::now_v7();
/// let mut names = Vec::new();
/// let mut take = |event: es_core::record::RawEvent<'_>| {
///     names.push(event.name.to_owned());
///     Ok(())
/// };
/// MemoryStore::new().find(Find::Correlation(request), &mut take).await?;
/// assert!(names.is_empty());
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot find events by their ids",
    label = "no `FindEvents`",
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(FindEvents to |this| \
            …);`; an object has it by a trait of its own: `trait Store: es_core::EventStore + \
            es_core::store::FindEvents {{}}`, and `Arc<dyn Store>`"
)]
#[async_trait]
pub trait FindEvents: Send + Sync {
    /// Finds events.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store or of the sink.
    async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError>;
}

/// Which events [`FindEvents::find`] looks for, wherever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Find {
    /// The event with this id.
    Event(Uuid),
    /// All events with this correlation id: those caused by one external request.
    Correlation(Uuid),
}

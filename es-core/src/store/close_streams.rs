//! Closing streams.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::stream::{Revision, StreamId};

/// A store whose streams can be closed.
///
/// # Contract
///
/// 1. A closed stream never accepts another event: an append is [`StoreError::StreamClosed`]. It is read as
///    before.
/// 2. Of closing a stream and a concurrent append to it, at one revision, one succeeds.
///
/// ```
/// use es_core::store::CloseStreams;
/// use es_core::{MemoryStore, Revision, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let door = StreamId::new("door", "7")?;
/// let closed = MemoryStore::new().close_stream(&door, Revision::new(3)).await?;
/// assert!(!closed, "it is not at revision 3");
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot close streams",
    label = "no `CloseStreams`",
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(CloseStreams to \
            |this| …);`; an object has it by a trait of its own: `trait Store: es_core::EventStore + \
            es_core::store::CloseStreams {{}}`, and `Arc<dyn Store>`"
)]
#[async_trait]
pub trait CloseStreams: Send + Sync {
    /// Closes a stream permanently, if it is at the expected revision; `Ok(false)` if it is at another one.
    /// Closing a closed stream again changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError>;
}

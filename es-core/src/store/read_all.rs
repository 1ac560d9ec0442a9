//! Reading all events of a store in one order.

use async_trait::async_trait;

use super::{AllPage, AllQuery, Bell, Checkpoint, Listener, Sink};
use crate::error::StoreError;

/// A store whose events can be read in one global order: what a
/// [`Subscription`](crate::subscription::Subscription) and every projection runner require.
///
/// # Contract
///
/// 1. Events come in strictly increasing order of their positions, in bounded memory, and each stream's
///    events in the order of their revisions.
/// 2. A reader never passes an event that is committed later with a lower position. This does not rely on
///    timeouts.
/// 3. An event that was acknowledged before the call, and after which no append was open, is read by it.
/// 4. A checkpoint of another history is rejected.
///
/// ```
/// use es_core::store::{AllQuery, Checkpoint, Filter, ReadAll, Rest};
/// use es_core::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, all) = (MemoryStore::new(), Filter::new());
/// let page = store.read_all(AllQuery::after(Checkpoint::START, &all), &mut |_| Ok(())).await?;
/// assert_eq!((page.events, page.rest), (0, Rest::Nothing));
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as a whole",
    label = "no `ReadAll`",
    note = "subscriptions and projections read all events of a store in one order, for which it implements \
            `es_core::store::ReadAll`",
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(ReadAll to |this| \
            …);`; an object has it by a trait of its own: `trait Store: es_core::EventStore + \
            es_core::store::ReadAll {{}}`, and `Arc<dyn Store>`"
)]
#[async_trait]
pub trait ReadAll: Send + Sync {
    /// Reads the whole store in the order of positions, after a checkpoint, one page.
    ///
    /// Never goes beyond an event that could still be committed with a lower position.
    ///
    /// A stream is named as the filter names its category, or else by the category's first name.
    ///
    /// # Errors
    ///
    /// [`StoreError::ForeignCheckpoint`] when the checkpoint's event is not in this store, at its position;
    /// [`StoreError`] of the store or of the sink.
    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError>;

    /// The checkpoint after the last event that [`read_all`](Self::read_all) would return now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn end(&self) -> Result<Checkpoint, StoreError>;

    /// A bell that rings after appends, so that a reader of the whole store reads again at once. A hint, not
    /// a promise: a store need not ring, and readers also poll. Defaults to a bell that never rings.
    fn listen(&self) -> Listener {
        Bell::new().listen()
    }

    /// Reads a page for a reader that is polling, and reads again soon in any case.
    ///
    /// # For a store that can do better
    ///
    /// Optional: defaults to [`read_all`](Self::read_all). Such a reader accepts a recent result: a store may
    /// return less than there is and [`Rest::Held`](crate::store::Rest::Held), and so read once for many
    /// readers.
    ///
    /// # Errors
    ///
    /// As [`read_all`](Self::read_all).
    async fn follow(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        self.read_all(query, sink).await
    }
}

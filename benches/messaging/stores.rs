//! The stores on which cases run, and what their floors do there.

use es_core::EventStore;
use es_core::reactor::CheckpointStore;

use crate::Result;

/// A kind of store.
pub(crate) trait Stores {
    type Store: EventStore + CheckpointStore;

    /// As it is called in the names of cases.
    const NAME: &'static str;

    /// A store without events.
    async fn empty(&self) -> Result<Self::Store>;

    /// What a store does now and then by itself, after it was filled.
    async fn filled(&self, store: &Self::Store) -> Result<()>;

    /// Events a second of a projection that writes one row for each.
    async fn write_rows(&self, store: &Self::Store, events: u64) -> Result<f64>;

    /// Events a second of a projection that does nothing.
    async fn read(&self, store: &Self::Store, events: u64) -> Result<f64>;

    /// Updates a second of so many rows, each by a statement of its own, so many in a transaction.
    async fn update_rows(&self, rows: u64, a_transaction: u64) -> Result<f64>;

    /// The end of a store that [`empty`](Self::empty) made.
    async fn drop(&self, store: Self::Store) -> Result<()>;
}

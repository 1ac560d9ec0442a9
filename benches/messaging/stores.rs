//! The stores on which cases run, and their floors.

use es_core::EventStore;
use es_core::reactor::CheckpointStore;

use crate::Result;

/// A kind of store.
pub(crate) trait Stores {
    type Store: EventStore + CheckpointStore;

    /// Its name in the names of cases.
    const NAME: &'static str;

    /// A store without events.
    async fn empty(&self) -> Result<Self::Store>;

    /// Maintenance that a store runs by itself from time to time, done after it was filled.
    async fn filled(&self, store: &Self::Store) -> Result<()>;

    /// Events a second of a projection that writes one row for each.
    async fn write_rows(&self, store: &Self::Store, events: u64) -> Result<f64>;

    /// Events a second of a projection that does nothing.
    async fn read(&self, store: &Self::Store, events: u64) -> Result<f64>;

    /// Updates a second of so many rows, each by a separate statement, with so many in a transaction.
    async fn update_rows(&self, rows: u64, a_transaction: u64) -> Result<f64>;

    /// Drops a store that [`empty`](Self::empty) created.
    async fn drop(&self, store: Self::Store) -> Result<()>;
}

//! Reading everything in a store that is not an event.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommandOutcome, ReadAll};
use crate::error::StoreError;
use crate::shape::Fingerprint;
use crate::stream::StreamId;

/// A store that can be copied: [`ReadAll`] reads its events, this trait everything else that it keeps.
/// Required by [`copy_store`](crate::copy::copy_store) and by backups in a custom format.
///
/// Snapshots are not included, as they can be rebuilt, and neither are read models.
///
/// # Contract
///
/// 1. Streams are named by the first name of their category, as by [`ReadAll`] without a filter.
/// 2. Pages end with one that is empty. What was there before the first page is in one of them, once.
///
/// ```
/// use es_core::store::ExportStore;
/// use es_core::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let mut last = None;
/// loop {
///     let page = store.export_commands(last.as_ref(), 1_000).await?;
///     let Some(end) = page.last() else { break };
///     println!("{} commands up to {}", page.len(), end.stream);
///     last = page.into_iter().last();
/// }
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be copied",
    label = "no `ExportStore`",
    note = "what copies a store reads its names, its command ledger and its closed streams, for which it \
            implements `es_core::store::ExportStore`",
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(ExportStore to |this| \
            …);`"
)]
#[async_trait]
pub trait ExportStore: ReadAll {
    /// The names of categories and of events, each in the order of registration.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn export_names(&self) -> Result<StoredNames, StoreError>;

    /// Reads the command ledger after a command, one page in an order of the store's own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn export_commands(
        &self,
        after: Option<&StoredCommand>,
        limit: usize,
    ) -> Result<Vec<StoredCommand>, StoreError>;

    /// Lists the closed streams after a stream, one page in an order of the store's own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn export_closed(
        &self,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError>;
}

/// The names registered in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredNames {
    /// The categories.
    pub categories: Vec<StoredCategory>,
    /// The versions of events.
    pub events: Vec<StoredEventType>,
}

impl StoredNames {
    /// These names.
    #[must_use]
    pub const fn new(categories: Vec<StoredCategory>, events: Vec<StoredEventType>) -> Self {
        Self { categories, events }
    }
}

/// A category of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCategory {
    /// The name under which it was created.
    pub name: String,
    /// Its other names, sorted.
    pub aliases: Vec<String>,
}

impl StoredCategory {
    /// A category with its other names, in any order.
    #[must_use]
    pub fn new(name: impl Into<String>, mut aliases: Vec<String>) -> Self {
        aliases.sort_unstable();
        Self { name: name.into(), aliases }
    }
}

/// A name and a version under which events are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEventType {
    /// The wire name.
    pub name: String,
    /// The version.
    pub version: u32,
    /// The hash of the shape, if it is known.
    pub fingerprint: Option<Fingerprint>,
}

impl StoredEventType {
    /// A version of an event.
    #[must_use]
    pub fn new(name: impl Into<String>, version: u32, fingerprint: Option<Fingerprint>) -> Self {
        Self { name: name.into(), version, fingerprint }
    }
}

/// An entry of the command ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCommand {
    /// The stream, which need not exist if the command stored no event.
    pub stream: StreamId,
    /// The command id.
    pub id: Uuid,
    /// What it did.
    pub outcome: CommandOutcome,
    /// The store's clock when it was executed.
    pub recorded_at: OffsetDateTime,
}

impl StoredCommand {
    /// A command of a stream.
    #[must_use]
    pub const fn new(
        stream: StreamId,
        id: Uuid,
        outcome: CommandOutcome,
        recorded_at: OffsetDateTime,
    ) -> Self {
        Self { stream, id, outcome, recorded_at }
    }
}

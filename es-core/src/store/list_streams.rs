//! Which streams there are.

use async_trait::async_trait;

use super::StreamSummary;
use crate::error::StoreError;

/// A store that can list its streams, for [`Repository::ids`](crate::Repository::ids).
///
/// # Contract
///
/// 1. Streams come in the byte order of their keys, each once, as many as the query allows.
/// 2. A stream that existed before the first page, and is in its range, is in one of the pages.
/// 3. A category is found by each of its names, and its streams have the name that was asked for.
///
/// ```
/// use es_core::store::{ListQuery, ListStreams};
/// use es_core::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let mut last: Option<String> = None;
/// loop {
///     let query = ListQuery::category("account").prefix("2026-").after(last.as_deref()).limit(100);
///     let page = store.list_streams(query).await?;
///     let Some(end) = page.last() else { break };
///     last = Some(end.stream.key().to_owned());
/// }
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot list its streams",
    label = "no `ListStreams`",
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(ListStreams to |this| \
            …);`; an object has it by a trait of its own: `trait Store: es_core::EventStore + \
            es_core::store::ListStreams {{}}`, and `Arc<dyn Store>`"
)]
#[async_trait]
pub trait ListStreams: Send + Sync {
    /// Lists streams of one category, one page.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn list_streams(&self, query: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError>;
}

/// Which streams [`ListStreams::list_streams`] lists.
///
/// ```
/// use es_core::store::ListQuery;
///
/// let query = ListQuery::category("account").prefix("2026-").after("2026-11-28/7").limit(100);
/// assert_eq!((query.category, query.limit), ("account", 100));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListQuery<'a> {
    /// The category, by any of its names.
    pub category: &'a str,
    /// Only streams whose key begins with this, literally; `""` for all.
    pub prefix: &'a str,
    /// Only streams whose key comes after this one, which need not exist.
    pub after: Option<&'a str>,
    /// The maximum number of streams.
    pub limit: usize,
}

impl<'a> ListQuery<'a> {
    /// The streams of a category, from the first one, at most 1,000 of them.
    #[must_use]
    pub const fn category(name: &'a str) -> Self {
        Self { category: name, prefix: "", after: None, limit: 1_000 }
    }

    /// Only streams whose key begins with this.
    #[must_use]
    pub const fn prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Only streams whose key comes after this one: the last key of the previous page.
    #[must_use]
    pub fn after(mut self, key: impl Into<Option<&'a str>>) -> Self {
        self.after = key.into();
        self
    }

    /// At most this many.
    #[must_use]
    pub const fn limit(mut self, most: usize) -> Self {
        self.limit = most;
        self
    }
}

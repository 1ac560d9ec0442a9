//! Copying a store into this one: interrupted and resumed, and read meanwhile.

use std::sync::atomic::{AtomicI32, Ordering};

use async_trait::async_trait;
use es_core::copy::{CopyError, copy_store};
use es_core::record::RawEvent;
use es_core::store::{
    AllQuery, Append, Checkpoint, ExportStore, Filter, ImportStore, ReadAll, Rest, StoredCommand, StoredNames,
};
use es_core::{EventStore, MemoryStore, Revision, StoreError, StreamId};
use es_postgres::PostgresStore;

use crate::support::{Gate, appended, connect, events, fresh, sql, stream};

/// More than two pages.
async fn many() -> MemoryStore {
    let from = MemoryStore::new();
    for number in 0..90 {
        let events = events(100);
        let to = stream(&(number % 7).to_string());
        let expected = Revision::new(number / 7 * 100);
        appended(from.append(Append::new(&to, expected, &events)).await.expect("an append"));
    }
    from
}

/// Fails at the writing call of this number, before the call or after it.
struct Failing {
    store: PostgresStore,
    left: AtomicI32,
    after: bool,
}

impl Failing {
    async fn call(
        &self,
        call: impl Future<Output = Result<(), StoreError>> + Send,
    ) -> Result<(), StoreError> {
        let now = self.left.fetch_sub(1, Ordering::Relaxed) == 0;
        if !now || self.after {
            call.await?;
        }
        if now { Err(StoreError::Unavailable { source: "cut off".into() }) } else { Ok(()) }
    }
}

impl ReadAll for Failing {
    es_core::forward_event_store!(ReadAll to |this| &this.store);
}

impl ExportStore for Failing {
    es_core::forward_event_store!(ExportStore to |this| &this.store);
}

#[async_trait]
impl ImportStore for Failing {
    async fn import_names(&self, names: &StoredNames) -> Result<(), StoreError> {
        self.call(self.store.import_names(names)).await
    }

    async fn import_events(&self, events: &[RawEvent<'_>]) -> Result<(), StoreError> {
        self.call(self.store.import_events(events)).await
    }

    async fn import_commands(&self, commands: &[StoredCommand]) -> Result<(), StoreError> {
        self.call(self.store.import_commands(commands)).await
    }

    async fn import_closed(&self, streams: &[StreamId]) -> Result<(), StoreError> {
        self.call(self.store.import_closed(streams)).await
    }
}

#[tokio::test]
async fn a_copy_that_was_interrupted_anywhere_resumes() {
    let from = many().await;
    for after in [false, true] {
        let mut call = 0;
        loop {
            let (_database, store) = fresh().await;
            let failing = Failing { store: store.clone(), left: AtomicI32::new(call), after };
            let Err(error) = copy_store(&from, &failing).await else { break };
            assert!(matches!(error, CopyError::Target(_)) && error.is_retryable(), "{error}");
            let copied = copy_store(&from, &store).await.expect("a copy");
            assert_eq!(copied.events.count, 9_000);
            call += 1;
        }
        assert!(call > 4, "names, three pages of events, and names again: {call}");
    }
}

/// A reader that reads while a page of the copy is being written gets nothing of it, and all of it later.
#[tokio::test]
async fn a_reader_waits_for_a_page_of_a_copy() {
    let (database, store) = fresh().await;
    let from = many().await;
    let mut gate = Gate::closed(database.url()).await;
    let copy = tokio::spawn({
        let store = store.clone();
        async move { copy_store(&from, &store).await }
    });
    gate.wait_for(1).await;
    let all = Filter::new();
    let page =
        store.read_all(AllQuery::after(Checkpoint::START, &all), &mut |_| Ok(())).await.expect("a page");
    assert_eq!((page.events, page.checkpoint), (0, Checkpoint::START));
    assert_ne!(page.rest, Rest::More);
    gate.open().await;
    assert_eq!(copy.await.expect("no panic").expect("a copy").events.count, 9_000);
    let query = AllQuery::after(Checkpoint::START, &all).limit(10_000);
    assert_eq!(store.read_all(query, &mut |_| Ok(())).await.expect("a page").events, 9_000);
}

/// A store of this kind is copied as well, and the copy equals it.
#[tokio::test]
async fn a_copy_of_a_copy_is_equal() {
    let (_one, first) = fresh().await;
    let (_two, second) = fresh().await;
    let copied = copy_store(&many().await, &first).await.expect("a copy");
    assert_eq!(copy_store(&first, &second).await.expect("a copy"), copied);
}

/// Positions that were drawn and not used do not matter, and later appends come after the copied events.
#[tokio::test]
async fn unused_drawn_positions_do_not_matter() {
    let (database, store) = fresh().await;
    let mut owner = connect(database.url()).await;
    sql(&mut owner, "SELECT setval('es.positions', 20)").await;
    let copied = copy_store(&many().await, &store).await.expect("a copy");
    let events = events(1);
    let new = stream("new");
    let outcome = store.append(Append::new(&new, Revision::EMPTY, &events)).await.expect("an append");
    assert!(appended(outcome).positions[0] > copied.checkpoint.position());
}

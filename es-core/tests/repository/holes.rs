//! A stream with a missing event: every reader refuses it.

use std::sync::Arc;

use crate::common::{Account, Deposit, Deposited, Open, Opened};
use async_trait::async_trait;
use es_core::bulk::LargeAppend;
use es_core::record::{NewEvent, RawEvent};
use es_core::store::{
    AllPage, AllQuery, Filter, Load, LoadItem, LoadSink, ReadAll, Sink, StreamHead, StreamRange,
};
use es_core::subscription::Subscription;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{
    EventStore, ExecuteOptions, MemoryStore, Metadata, Repository, Revision, StoreError, StreamId,
};

/// A store that has lost one event of each stream, or returns it twice.
#[derive(Clone)]
struct Damaged {
    inner: MemoryStore,
    revision: Revision,
    twice: bool,
}

impl Damaged {
    fn pass(&self, raw: RawEvent<'_>, sink: Sink<'_>) -> Result<(), StoreError> {
        match raw.revision == self.revision {
            true if self.twice => sink(raw).and_then(|()| sink(raw)),
            true => Ok(()),
            false => sink(raw),
        }
    }
}

#[async_trait]
impl EventStore for Damaged {
    es_core::forward_event_store!(EventStore to |this| &this.inner, except load, read_stream);

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        let mut damaged = |item: LoadItem<'_>| match item {
            LoadItem::Event(raw) => self.pass(raw, &mut |raw| sink(LoadItem::Event(raw))),
            LoadItem::Snapshot { .. } => sink(item),
        };
        self.inner.load(load, &mut damaged).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError> {
        self.inner.read_stream(stream, range, &mut |raw| self.pass(raw, sink)).await
    }
}

#[async_trait]
impl ReadAll for Damaged {
    es_core::forward_event_store!(ReadAll to |this| &this.inner, except read_all);

    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        self.inner.read_all(query, &mut |raw| self.pass(raw, sink)).await
    }
}

fn id() -> String {
    String::from("1")
}

/// Four events of one account; the command of the last three is remembered under the id.
async fn damaged(revision: u64, twice: bool) -> (Damaged, Uuid) {
    let inner = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(inner.clone());
    accounts.execute(&id(), Open).await.expect("opened");
    let command = Uuid::now_v7();
    let options = ExecuteOptions::new().command_id(command).command_name("Deposit");
    let three = async |_| es_core::emit([1, 2, 3].map(|cents| Deposited { cents }));
    let done: Result<_, es_core::ExecuteError<std::io::Error>> =
        accounts.decide_with(&id(), options, three).await;
    assert_eq!(done.expect("deposited").revision.get(), 4);
    (Damaged { inner, revision: revision.into(), twice }, command)
}

fn refused<T: std::fmt::Debug>(result: &Result<T, StoreError>, by: &str) {
    assert!(matches!(result, Err(StoreError::Damaged { .. })), "{by}: {result:?}");
}

#[tokio::test]
async fn no_reader_of_a_stream_passes_over_a_missing_or_doubled_event() {
    for (revision, twice) in [(1, false), (2, false), (4, false), (2, true), (4, true)] {
        let (store, _) = damaged(revision, twice).await;
        let accounts = Repository::<Account, _>::new(store.clone());
        let by = |reader: &str| format!("{reader}, revision {revision}, twice: {twice}");
        refused(&accounts.load(&id()).await, &by("load"));
        refused(&accounts.load_at(&id(), Revision::new(4)).await, &by("load_at"));
        refused(&accounts.load_as_of(&id(), OffsetDateTime::now_utc()).await, &by("load_as_of"));
        refused(&accounts.history(&id(), StreamRange::ALL, |_| Ok(())).await, &by("history"));
        let back = StreamRange::ALL.backward();
        refused(&accounts.history(&id(), back, |_| Ok(())).await, &by("history, backward"));
        let part = StreamRange::from(Revision::new(revision)).to(Revision::new(revision));
        refused(&accounts.history(&id(), part, |_| Ok(())).await, &by("history of that event"));
        let all = &mut |_: RawEvent<'_>| Ok(());
        if revision != 1 && (twice || revision != 4) {
            refused(&Subscription::new(store.clone()).page(all).await, &by("subscription"));
            let mut typed = Subscription::of::<Account>(store.clone());
            let mut read = typed.try_next().await;
            while let Ok(Some(_)) = read {
                read = typed.try_next().await;
            }
            refused(&read, &by("typed subscription"));
        }
    }
}

#[tokio::test]
async fn the_first_outcome_of_a_command_is_not_returned_in_part() {
    // The missing event is after the snapshot or the cached state from which the command continues, so only
    // reading the outcome finds it.
    let (store, command) = damaged(3, false).await;
    let accounts = Repository::<Account, _>::new(store.clone());
    let healthy = Repository::<Account, _>::new(store.inner.clone());
    let state = healthy.load(&id()).await.expect("a state");
    let snapshots = <Account as es_core::Aggregate>::snapshots().expect("snapshots");
    let mut json = es_core::codec::Payload::new();
    snapshots.encode(&state.state, &mut json).expect("JSON");
    let stream = healthy.stream_id(&id()).expect("a key");
    let snapshot =
        es_core::model::NewSnapshot::new(stream, state.revision, snapshots.fingerprint, json.into_vec());
    store.save_snapshot(snapshot).await.expect("kept");
    assert_eq!(accounts.load(&id()).await.expect("the snapshot").revision.get(), 4);
    let options = ExecuteOptions::new().command_id(command).command_name("Deposit");
    let again = accounts.execute_with(&id(), Deposit(1), options).await;
    let error = again.expect_err("a part of the outcome is missing");
    assert!(matches!(error, es_core::ExecuteError::Store(StoreError::Damaged { .. })), "{error}");
}

#[tokio::test]
async fn a_reader_of_some_events_refuses_a_stream_that_goes_backwards() {
    let (store, _) = damaged(3, true).await;
    let filter = Filter::new().event::<Deposited>();
    let read = Subscription::new(store.clone()).filter(filter.clone()).page(&mut |_| Ok(())).await;
    refused(&read, "the same deposit twice");
    // Events that its filter excludes are not gaps.
    let inner = Subscription::new(store.inner).filter(Filter::new().event::<Opened>());
    let mut inner = inner;
    assert_eq!(inner.page(&mut |_| Ok(())).await.expect("a page").events, 1);
}

#[tokio::test]
async fn a_page_that_is_read_again_is_not_damage() {
    let (store, _) = damaged(99, false).await;
    let mut subscription = Subscription::new(store);
    for _ in 0..2 {
        let mut left = 3;
        let mut stop = |_: RawEvent<'_>| {
            left -= 1;
            if left == 0 { Err(StoreError::Closed) } else { Ok(()) }
        };
        let error = subscription.page(&mut stop).await.expect_err("of the sink");
        assert!(matches!(error, StoreError::Closed), "{error}");
    }
    assert_eq!(subscription.page(&mut |_| Ok(())).await.expect("a page").events, 4);
    let mut again = subscription.from(es_core::store::Checkpoint::START);
    assert_eq!(again.page(&mut |_| Ok(())).await.expect("from the beginning").events, 4);
}

#[tokio::test]
async fn a_migration_stops_at_a_missing_event() {
    let (store, _) = damaged(2, false).await;
    let stream = StreamId::new("account", "1").expect("a valid key");
    let mut events = Vec::new();
    let mut copy = |raw: RawEvent<'_>| {
        let name = if raw.revision == Revision::new(1) { "account.opened" } else { "account.deposited" };
        let mut event = NewEvent::new(name, 1, raw.payload.to_vec(), Arc::new(Metadata::new()));
        event.id = raw.event_id;
        events.push(event);
        Ok(())
    };
    store.inner.read_stream(&stream, StreamRange::ALL, &mut copy).await.expect("a read");
    let mut migration = LargeAppend::new(&store).aggregate::<Account>();
    migration.push(stream, Revision::EMPTY, events).await.expect("gathered");
    let error = migration.finish().await.expect_err("damaged");
    assert!(matches!(error, es_core::bulk::LargeAppendError::Store(StoreError::Damaged { .. })), "{error}");
}

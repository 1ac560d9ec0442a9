//! Large pages, which are decoded while they arrive.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use es_core::record::{NewEvent, RawEvent};
use es_core::store::{AllPage, AllQuery, Append, Checkpoint, Filter, ReadAll, Rest};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::PostgresStore;
use uuid::Uuid;

use crate::support::{appended, events, fresh, proxy_before, register_counted, stream};

const PAGE: usize = 3_000;
/// The number of streams, which get an event each in turn.
const STREAMS: usize = 50;

/// More events than a page holds, each of a kilobyte: socket buffers do not hold a page. Only the page itself
/// is requested: the high-water mark is known already.
async fn filled(store: &PostgresStore) -> Vec<Uuid> {
    let mut batch = events(PAGE + 2 * STREAMS);
    for (nth, event) in batch.iter_mut().enumerate() {
        event.payload = format!("{{\"nth\": {nth}, \"text\": \"{}\"}}", "x".repeat(1_000)).into_bytes();
    }
    let ids = batch.iter().map(|event| event.id).collect();
    let streams: Vec<_> = (0..STREAMS).map(|nth| stream(&format!("account-{nth}"))).collect();
    for (round, some) in batch.chunks(STREAMS).enumerate() {
        let revision = Revision::new(round as u64);
        let appends: Vec<_> = some
            .chunks(1)
            .zip(&streams)
            .map(|(event, stream): (&[NewEvent], _)| Append::new(stream, revision, event))
            .collect();
        for outcome in store.append_all(&appends).await.expect("outcomes") {
            appended(outcome);
        }
    }
    store.end().await.expect("a head");
    ids
}

/// A page from the beginning.
async fn page(store: &PostgresStore) -> (Result<AllPage, StoreError>, Vec<(Uuid, String)>) {
    let mut found = Vec::new();
    let mut take = |event: RawEvent<'_>| {
        found.push((event.event_id, event.stream.key().to_owned()));
        Ok(())
    };
    let page =
        store.read_all(AllQuery::after(Checkpoint::START, &Filter::new()).limit(PAGE), &mut take).await;
    (page, found)
}

async fn whole(store: &PostgresStore, ids: &[Uuid]) {
    let (read, found) = page(store).await;
    let read = read.expect("a page");
    assert_eq!((read.events, read.rest), (PAGE, Rest::More));
    let wanted: Vec<_> =
        ids.iter().enumerate().map(|(nth, id)| (*id, format!("account-{}", nth % STREAMS))).collect();
    assert_eq!(found, wanted[..PAGE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_is_one_round_trip_including_its_streams() {
    let (database, _) = fresh().await;
    register_counted(&database).await;
    let proxy = proxy_before(&database).await;
    let store = PostgresStore::options(proxy.url()).notify(false).connect().await.expect("a store");
    let ids = filled(&store).await;
    // The statement is prepared.
    whole(&store, &ids).await;
    let newcomer = PostgresStore::options(proxy.url()).notify(false).connect().await.expect("a store");
    newcomer.end().await.expect("a head");
    let any = Filter::new();
    let few = AllQuery::after(Checkpoint::START, &any).limit(1);
    newcomer.read_all(few, &mut |_| Ok(())).await.expect("a page");
    let before = proxy.round_trips();
    whole(&newcomer, &ids).await;
    assert_eq!(proxy.round_trips() - before, 1, "its streams are new to this store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_whose_connection_is_cut_fails() {
    let (database, _) = fresh().await;
    register_counted(&database).await;
    let proxy = proxy_before(&database).await;
    let store = PostgresStore::options(proxy.url()).notify(false).connect().await.expect("a store");
    let ids = filled(&store).await;
    let mut taken = 0;
    let mut take = |_: RawEvent<'_>| {
        taken += 1;
        if taken == 100 {
            proxy.cut();
        }
        Ok(())
    };
    let any = Filter::new();
    let query = AllQuery::after(Checkpoint::START, &any).limit(PAGE);
    let cut = store.read_all(query, &mut take).await;
    assert!(matches!(&cut, Err(error) if error.is_retryable()), "{cut:?}");
    assert!((100..PAGE).contains(&taken), "{taken} events");
    whole(&store, &ids).await;
}

/// With one connection, which an abandoned page would hold forever.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_that_is_abandoned_returns_its_connection() {
    let (database, _) = fresh().await;
    register_counted(&database).await;
    let store = database.options().connections(1).connect().await.expect("a store");
    let ids = filled(&store).await;
    let (any, mut taken) = (Filter::new(), 0);
    let query = AllQuery::after(Checkpoint::START, &any).limit(PAGE);
    let mut stop = |_: RawEvent<'_>| {
        taken += 1;
        match taken {
            100 => Err(StoreError::Backend { source: "enough".into(), retryable: false }),
            _ => Ok(()),
        }
    };
    let stopped = store.read_all(query, &mut stop).await;
    assert!(matches!(stopped, Err(StoreError::Backend { retryable: false, .. })), "{stopped:?}");
    assert_eq!(taken, 100);
    whole(&store, &ids).await;
    for polls in 1..20 {
        let mut ignore = |_: RawEvent<'_>| Ok(());
        let mut read = pin!(store.read_all(query, &mut ignore));
        let mut left = polls;
        std::future::poll_fn(|context| {
            left -= 1;
            match read.as_mut().poll(context) {
                Poll::Pending if left > 0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
    }
    whole(&store, &ids).await;
}

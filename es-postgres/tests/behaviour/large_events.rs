//! Events of a megabyte: memory is bounded in bytes, not in events.

use es_core::record::{NewEvent, RawEvent};
use es_core::store::{AllQuery, Append, Checkpoint, Filter, ReadAll, Rest};
use es_core::subscription::Subscription;
use es_core::{EventStore, Revision};
use es_postgres::PostgresStore;
use uuid::Uuid;

use crate::support::{append_one, appended, events, fresh, ids, proxy_before, stream};

const MEGABYTE: usize = 1_000_000;
const PAGE: usize = 4 << 20;

fn of_bytes(sizes: impl IntoIterator<Item = usize>) -> Vec<NewEvent> {
    let sizes: Vec<usize> = sizes.into_iter().collect();
    let mut batch = events(sizes.len());
    for (event, bytes) in batch.iter_mut().zip(sizes) {
        event.payload = format!("\"{}\"", "x".repeat(bytes - 2)).into_bytes();
    }
    batch
}

/// Appends events to a stream, thirty at a time: one call takes 64 MiB.
async fn write(store: &PostgresStore, key: &str, batch: &[NewEvent]) {
    let (stream, mut revision) = (stream(key), Revision::EMPTY);
    let large = batch.iter().any(|event| event.payload.len() > MEGABYTE / 2);
    for some in batch.chunks(if large { 30 } else { 4_000 }) {
        let append = Append::new(&stream, revision, some);
        appended(store.append(append).await.expect("an outcome"));
        revision = append.last_revision();
    }
}

/// Reads all pages of a subscription; returns the ids, and events and bytes of each page.
async fn follow(mut subscription: Subscription<PostgresStore>) -> (Vec<Uuid>, Vec<(usize, usize)>) {
    let (mut found, mut pages) = (Vec::new(), Vec::new());
    loop {
        let mut page = (0, 0);
        let mut take = |raw: RawEvent<'_>| {
            found.push(raw.event_id);
            page = (page.0 + 1, page.1 + raw.bytes());
            Ok(())
        };
        let read = subscription.page(&mut take).await.expect("a page");
        pages.push(page);
        if read.rest == Rest::Nothing {
            return (found, pages);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_events_is_small_from_the_first_one_on() {
    let (database, writer) = fresh().await;
    let batch = of_bytes((0..40).map(|_| MEGABYTE));
    write(&writer, "large", &batch).await;
    let wanted: Vec<Uuid> = batch.iter().map(|event| event.id).collect();
    // A store that knows the stream and its names, and one that does not.
    for store in [writer, database.store().await.expect("a store")] {
        for filter in [Filter::new(), Filter::new().category("account")] {
            let (found, pages) = follow(Subscription::new(store.clone()).filter(filter.clone())).await;
            assert!(found == wanted, "{} events", found.len());
            for (events, bytes) in pages {
                assert!(bytes <= PAGE, "{events} events of {bytes} bytes");
            }
            let small = Subscription::new(store.clone()).filter(filter).page_bytes(MEGABYTE);
            let (found, pages) = follow(small).await;
            assert!(found == wanted && pages.iter().all(|(events, _)| *events <= 1), "{pages:?}");
        }
    }
}

/// The size of a page is based on the events of the previous one, and then they turn out to be large.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_where_events_become_large() {
    let (database, writer) = fresh().await;
    let sizes = (0..7_000).map(|nth| if nth >= 6_000 && nth % 50 == 0 { MEGABYTE } else { 100 });
    let batch = of_bytes(sizes);
    write(&writer, "mixed", &batch).await;
    let wanted: Vec<Uuid> = batch.iter().map(|event| event.id).collect();
    let store = database.store().await.expect("a store");
    let (found, pages) = follow(Subscription::new(store.clone())).await;
    assert!(found == wanted, "{} events", found.len());
    for (events, bytes) in &pages {
        assert!(*bytes <= PAGE, "{events} events of {bytes} bytes");
    }
    assert!(pages.iter().any(|(events, _)| *events > 1_000), "pages of small events are large: {pages:?}");
    // A page that ended early is not used for other readers.
    assert_eq!(ids(&store, &stream("mixed")).await, wanted);
    appended(append_one(&store, &stream("another"), 0).await);
}

/// A page of megabytes is not kept for other readers.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_many_bytes_is_not_kept_for_others() {
    let (database, writer) = fresh().await;
    write(&writer, "large", &of_bytes((0..4).map(|_| MEGABYTE / 2))).await;
    let proxy = proxy_before(&database).await;
    let any = Filter::new();
    let start = AllQuery::after(Checkpoint::START, &any);
    for (most, kept) in [(1 << 20, false), (4 << 20, true)] {
        let options = PostgresStore::options(proxy.url()).notify(false).shared_page_bytes(most);
        let store = options.connect().await.expect("a store");
        let first = store.follow(start, &mut |_| Ok(())).await.expect("a page");
        assert_eq!(first.events, 4);
        let before = proxy.round_trips();
        let again = store.follow(start, &mut |_| Ok(())).await.expect("a page");
        assert_eq!(again.events, 4);
        assert_eq!(proxy.round_trips() == before, kept, "{most} bytes");
        // Nor is one that is larger than another reader asks for.
        let little = store.follow(start.bytes(MEGABYTE + 1_000), &mut |_| Ok(())).await.expect("a page");
        assert_eq!((little.events, little.rest), (2, Rest::More));
    }
}

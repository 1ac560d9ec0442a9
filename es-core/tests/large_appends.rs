//! Very many events, chunk by chunk: in their order, whole chunks only, and never twice.

mod common;

use std::sync::{Arc, Mutex};

use common::Meddler;
use es_core::{
    AllQuery, Checkpoint, EventStore, Filter, LargeAppend, LargeAppendError, MemoryStore, Metadata, NewEvent,
    Revision, StoreError, StreamId, Uuid,
};

fn stream(key: u64) -> StreamId {
    StreamId::new("account", format!("A-{key}")).expect("a stream id")
}

/// The event of this number, under an id that is always its own.
fn event(nth: u64) -> NewEvent {
    let payload = format!("{{\"cents\":{nth}}}").into_bytes();
    let mut event = NewEvent::new("account.deposited", 1, payload, Arc::new(Metadata::new()));
    event.id = Uuid::from_u128(u128::from(nth) + 1);
    event
}

/// A history of 1,000 events of ten streams, one after the other in turn or in stretches.
fn history(stretch: u64) -> Vec<(StreamId, Revision, NewEvent)> {
    let mut revisions = [0; 10];
    let event = |nth: u64| {
        let key = nth / stretch % 10;
        let expected = Revision::new(revisions[usize::try_from(key).expect("small")]);
        revisions[usize::try_from(key).expect("small")] += 1;
        (stream(key), expected, event(nth))
    };
    (0..1_000).map(event).collect()
}

async fn stored<S: EventStore>(store: &S) -> Vec<Uuid> {
    let (filter, mut found) = (Filter::new(), Vec::new());
    let query = AllQuery::after(Checkpoint::START, &filter).limit(10_000);
    store
        .read_all(query, &mut |event| {
            found.push(event.event_id);
            Ok(())
        })
        .await
        .expect("read");
    found
}

#[tokio::test]
async fn positions_follow_the_order_of_the_history_whatever_its_streams() {
    for stretch in [1, 7, 100] {
        let store = MemoryStore::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let mut migration = LargeAppend::new(&store)
            .chunk(64)
            .on_progress(move |done| told.lock().expect("sound").push(done));
        let history = history(stretch);
        let ids: Vec<Uuid> = history.iter().map(|(_, _, event)| event.id).collect();
        for (stream, expected, event) in history {
            migration.push(stream, expected, vec![event]).await.expect("pushed");
        }
        let done = migration.finish().await.expect("finished");
        assert_eq!((done.events, done.passed_over), (1_000, 0));
        assert_eq!(stored(&store).await, ids, "stretch {stretch}");
        let seen = seen.lock().expect("sound");
        assert_eq!(seen.last(), Some(&done));
        assert!(
            seen.windows(2)
                .all(|pair| pair[0].events <= pair[1].events && pair[1].events - pair[0].events <= 64)
        );
    }
}

#[tokio::test]
async fn what_was_broken_off_goes_on_with_other_chunks_and_writes_nothing_twice() {
    let store = Meddler::default();
    let history = history(7);
    for (chunk, until) in [(64, 300), (50, 620), (128, 1_000)] {
        let mut migration = LargeAppend::new(&store).chunk(chunk);
        for (stream, expected, event) in history.iter().take(until).cloned() {
            migration.push(stream, expected, vec![event]).await.expect("pushed");
        }
        // The first two never come to their end: what is gathered and not appended is lost with them.
        if until == 1_000 {
            let done = migration.finish().await.expect("finished");
            assert_eq!(done.events + done.passed_over, 1_000);
            assert!(done.passed_over >= 500);
        }
    }
    assert_eq!(stored(&store.inner).await, history.iter().map(|(_, _, event)| event.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn other_events_in_the_way_are_a_conflict_and_nothing_of_the_chunk_is_written() {
    let store = Meddler::default();
    store.put("A-1", "account.deposited", 1, "{\"cents\":1}").await;
    let mut migration = LargeAppend::new(&store);
    migration.push(stream(0), Revision::EMPTY, vec![event(0)]).await.expect("gathered");
    migration.push(stream(1), Revision::EMPTY, vec![event(1)]).await.expect("gathered");
    let error = migration.finish().await.expect_err("other events");
    assert_eq!(
        error.to_string(),
        "stream \"account/A-1\" was to be at revision 0, and is at 1 with other events"
    );
    assert_eq!(stored(&store.inner).await.len(), 1);
    let mut migration = LargeAppend::new(&store);
    migration.push(stream(2), Revision::new(3), vec![event(2)]).await.expect("gathered");
    let error = migration.finish().await.expect_err("a hole");
    assert!(
        matches!(error, LargeAppendError::Conflict { actual, .. } if actual == Revision::EMPTY),
        "{error}"
    );
}

#[tokio::test]
async fn an_event_that_the_store_refuses_ends_it_with_the_stores_own_error() {
    let store = MemoryStore::new();
    let mut migration = LargeAppend::new(&store);
    let mut bad = event(0);
    bad.payload = b"{\"text\":\"\\u0000\"}".to_vec();
    migration.push(stream(0), Revision::EMPTY, vec![bad]).await.expect("gathered");
    let error = migration.finish().await.expect_err("a NUL");
    assert!(matches!(error, LargeAppendError::Store(StoreError::NulCharacter { .. })), "{error}");
}

//! A panic over one append of a batch does not affect the others.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, Metadata, Revision, StoreError, StreamId};

use super::queue::Streams;
use super::waiting::Course;
use crate::store::PostgresStore;
use crate::testing::TestDatabase;
use crate::write::json::UNENCODABLE;

fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).expect("a stream id")
}

fn event(payload: &[u8]) -> [NewEvent; 1] {
    [NewEvent::new("account.noted", 1, payload.to_vec(), Arc::new(Metadata::new()))]
}

const GOOD: &[u8] = b"1";

async fn append(store: &PostgresStore, key: &str, payload: &[u8]) -> Result<AppendOutcome, StoreError> {
    store.append(Append::new(&stream(key), Revision::EMPTY, &event(payload))).await
}

fn assert_appended(outcome: &Result<AppendOutcome, StoreError>) {
    assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))), "{outcome:?}");
}

fn assert_refused(outcome: &Result<AppendOutcome, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Backend { retryable: false, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_panic_while_one_append_of_a_batch_is_encoded_is_an_error_of_that_one() {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a store");
    assert_appended(&append(&store, "x", GOOD).await);
    assert_appended(&append(&store, "y", GOOD).await);

    // While both lanes are busy, all appends wait, and then form one batch.
    let lanes = store.lanes();
    let taken = ["x", "y"].map(stream);
    for stream in &taken {
        assert!(lanes.queue().enter(stream, Course::Lane).expect("open"));
    }
    let mut submitted = Vec::new();
    for (key, expected, payload) in [
        ("a", 0, GOOD),
        ("b", 0, UNENCODABLE),
        ("c", 0, GOOD),
        ("c", 1, UNENCODABLE),
        ("c", 2, GOOD),
        ("d", 0, GOOD),
    ] {
        let events = event(payload);
        let stream = stream(key);
        let append = Append::new(&stream, Revision::new(expected), &events);
        submitted.push(store.submit(append).await.expect("submitted"));
    }
    for stream in taken {
        lanes.queue().leave(&Streams::of(&stream), Course::Lane);
    }
    lanes.start();

    let mut outcomes = Vec::new();
    for outcome in submitted {
        outcomes.push(outcome.await);
    }
    for nth in [0, 2, 5] {
        assert_appended(&outcomes[nth]);
    }
    for nth in [1, 3] {
        assert_refused(&outcomes[nth]);
    }
    let conflict = AppendOutcome::Conflict { actual: Revision::new(1) };
    assert_eq!(*outcomes[4].as_ref().expect("an outcome"), conflict, "it was built on one that was refused");

    // Alone, and among several streams; the store keeps working each time.
    assert_refused(&append(&store, "e", UNENCODABLE).await);
    let (left, right) = (stream("e"), stream("f"));
    let (good, bad) = (event(GOOD), event(UNENCODABLE));
    let all = [Append::new(&left, Revision::EMPTY, &good), Append::new(&right, Revision::EMPTY, &bad)];
    assert!(matches!(store.append_all(&all).await, Err(StoreError::Backend { .. })));
    for key in ["e", "f", "g", "h"] {
        assert_appended(&append(&store, key, GOOD).await);
    }
}

//! Appends to streams that exist, one at a time, while another store writes to the same file in between.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, CloseStreams as _, EventStore as _};
use es_core::{Metadata, Position, Revision, StoreError, StreamId};
use es_sqlite::SqliteStore;
use uuid::Uuid;

use super::repository::Folder;

fn events(count: usize) -> Vec<NewEvent> {
    let metadata = Arc::new(Metadata::default());
    let event = |_| NewEvent::new("account.deposited", 1, b"{\"cents\":1}".to_vec(), Arc::clone(&metadata));
    (0..count).map(event).collect()
}

fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).expect("a stream")
}

async fn append(
    store: &SqliteStore,
    key: &str,
    expected: u64,
    events: &[NewEvent],
) -> Result<AppendOutcome, StoreError> {
    store.append(Append::new(&stream(key), Revision::new(expected), events)).await
}

async fn appended(store: &SqliteStore, key: &str, expected: u64, count: usize) -> Vec<u64> {
    match append(store, key, expected, &events(count)).await {
        Ok(AppendOutcome::Appended(appended)) => appended.positions.into_iter().map(Position::get).collect(),
        other => panic!("not appended: {other:?}"),
    }
}

async fn actual(store: &SqliteStore, key: &str, expected: u64) -> u64 {
    match append(store, key, expected, &events(1)).await {
        Ok(AppendOutcome::Conflict { actual }) => actual.get(),
        other => panic!("not a conflict: {other:?}"),
    }
}

/// Two stores on one file, in which `a` and `b` have one event each.
async fn two(folder: &Folder) -> (SqliteStore, SqliteStore) {
    let one = SqliteStore::open(folder.file()).await.expect("a new file");
    let other = SqliteStore::open(folder.file()).await.expect("the same file");
    assert_eq!(appended(&one, "a", 0, 1).await, [1]);
    assert_eq!(appended(&one, "b", 0, 1).await, [2]);
    (one, other)
}

#[tokio::test]
async fn positions_follow_what_another_store_has_written() {
    let folder = Folder::new();
    let (one, other) = two(&folder).await;
    assert_eq!(appended(&one, "a", 1, 1).await, [3]);
    assert_eq!(appended(&other, "b", 1, 2).await, [4, 5]);
    assert_eq!(appended(&one, "a", 2, 100).await, (6..106).collect::<Vec<_>>());
    assert_eq!(appended(&one, "a", 102, 19).await, (106..125).collect::<Vec<_>>());
    assert_eq!(appended(&other, "a", 121, 1).await, [125]);
}

#[tokio::test]
async fn an_append_behind_another_stores_event_is_a_conflict_and_leaves_no_hole() {
    let folder = Folder::new();
    let (one, other) = two(&folder).await;
    assert_eq!(appended(&other, "a", 1, 1).await, [3]);
    assert_eq!(actual(&one, "a", 1).await, 2);
    assert_eq!(actual(&one, "a", 7).await, 2);
    assert_eq!(actual(&one, "c", 1).await, 0);
    assert_eq!(appended(&one, "a", 2, 1).await, [4]);
}

#[tokio::test]
async fn an_append_behind_an_event_with_another_id_is_a_conflict() {
    let folder = Folder::new();
    let (one, _) = two(&folder).await;
    let (a, [first, second]) = (stream("a"), [events(1), events(1)]);
    let behind = |last, events| Append::new(&a, Revision::new(1), events).last_event_id(Some(last));
    let outcome = one.append(behind(Uuid::now_v7(), &first)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Conflict { actual } if actual.get() == 1), "{outcome:?}");
    assert_eq!(appended(&one, "a", 1, 1).await, [3]);
    let behind = |last, events| Append::new(&a, Revision::new(2), events).last_event_id(Some(last));
    let outcome = one.append(behind(first[0].id, &second)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Conflict { .. }), "{outcome:?}");
    let third = events(1);
    assert!(matches!(append(&one, "a", 2, &third).await, Ok(AppendOutcome::Appended(_))));
    let behind = Append::new(&a, Revision::new(3), &second).last_event_id(Some(third[0].id));
    let outcome = one.append(behind).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_stream_that_another_store_has_closed_takes_no_events() {
    let folder = Folder::new();
    let (one, other) = two(&folder).await;
    assert!(other.close_stream(&stream("a"), Revision::new(1)).await.expect("closed"));
    let error = append(&one, "a", 1, &events(1)).await.expect_err("a closed stream");
    assert!(matches!(error, StoreError::StreamClosed { .. }), "{error}");
    assert_eq!(appended(&one, "b", 1, 1).await, [3]);
}

#[tokio::test]
async fn a_category_that_another_store_has_renamed_stays_one() {
    let folder = Folder::new();
    let (one, other) = two(&folder).await;
    other.rename_category("konto", &["account"]).await.expect("renamed");
    assert_eq!(appended(&one, "a", 1, 1).await, [3]);
    let renamed = StreamId::new("konto", "a").expect("a stream");
    let next = events(1);
    let outcome = one.append(Append::new(&renamed, Revision::new(2), &next)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

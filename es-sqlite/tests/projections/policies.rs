//! Events that a handler cannot process.

use std::time::Duration;

use es_core::StreamId;
use es_core::projection::{OnFailure, ProjectorError};
use es_sqlite::Projector;
use sqlx::Executor as _;

use crate::support::*;

#[tokio::test]
async fn a_failing_event_stops_the_projector_after_the_events_before_it() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", 5).await;
    deposit(&store, "b", REFUSED).await;
    deposit(&store, "c", 5).await;
    let projector = Projector::new(store, Balances).retries(1, Duration::from_millis(1));
    let failed = projector.catch_up().await.expect_err("a constraint");
    assert!(matches!(failed, ProjectorError::Failed(_)), "{failed}");
    assert_eq!(balances(&mut open(folder.model(1)).await).await, [row("a", 5, 1)]);
    let status = projector.status().await.expect("a status");
    assert_eq!((status.partitions[0].projected, status.position().get()), (1, 1));
    assert!(status.error().is_some_and(|error| error.contains("it is refused")), "{status:?}");
}

#[tokio::test]
async fn parked_events_and_the_later_ones_of_their_stream_are_retried_in_order() {
    let folder = Folder::new();
    let store = folder.store().await;
    for (account, cents) in [("a", 5), ("b", REFUSED), ("b", 10), ("a", 5), ("c", PANICS), ("b", 20)] {
        deposit(&store, account, cents).await;
    }
    let retries = Duration::from_millis(1);
    let projector = Projector::new(store, Balances).on_failure(OnFailure::Park).retries(1, retries);
    projector.catch_up().await.expect("what can be taken");
    let mut db = open(folder.model(1)).await;
    assert_eq!(balances(&mut db).await, [row("a", 10, 2)]);
    let letters = projector.dead_letters().await.expect("letters");
    let places: Vec<_> = letters.iter().map(|letter| (letter.position.get(), letter.attempts)).collect();
    assert_eq!(places, [(2, 2), (3, 0), (5, 2), (6, 0)]);
    assert_eq!(letters[0].stream.key(), "b");
    assert!(letters[2].reason.contains("a panic"), "{}", letters[2].reason);
    assert_eq!(projector.status().await.expect("a status").dead_letters, 4);

    let stream = StreamId::new("account", "b").expect("a stream");
    let retried = projector.retry(&stream).await.expect("a try");
    assert_eq!((retried.taken, retried.left), (0, 3), "it fails again");
    assert_eq!(projector.dead_letters().await.expect("letters")[0].attempts, 3);
    db.execute("DROP TRIGGER refuse").await.expect("what refuses it is gone");
    let retried = projector.retry(&stream).await.expect("a try");
    assert_eq!((retried.taken, retried.left), (3, 0));
    assert_eq!(balances(&mut db).await, [row("a", 10, 2), row("b", 24, 3)]);

    let letters = projector.dead_letters().await.expect("letters");
    assert!(projector.discard(&letters[0]).await.expect("a letter"));
    assert!(!projector.discard(&letters[0]).await.expect("no letter"));
}

#[tokio::test]
async fn a_missing_table_is_not_an_error_of_the_event() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", LACKS).await;
    let projector = Projector::new(store, Balances).on_failure(OnFailure::Park).retries(0, Duration::ZERO);
    let failed = projector.catch_up().await.expect_err("a table");
    assert!(matches!(failed, ProjectorError::NotReady { .. }), "{failed}");
    assert_eq!(projector.dead_letters().await.expect("letters"), []);
}

#[tokio::test]
async fn a_statement_whose_error_a_handler_ignores_does_not_undo_the_rest() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", SWALLOWS).await;
    Projector::new(store, Balances).catch_up().await.expect("as one says so");
    assert_eq!(balances(&mut open(folder.model(1)).await).await, [row("a", SWALLOWS, 1)]);
}

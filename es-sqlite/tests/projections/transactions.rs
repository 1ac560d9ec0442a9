//! Handlers that control transactions themselves.

use std::time::Duration;

use es_core::projection::{OnFailure, ProjectorError};
use es_sqlite::{Projector, SqliteTargetError};

use crate::support::*;

/// Nothing of a batch is written without its checkpoint, even if a handler commits.
#[tokio::test]
async fn a_handler_that_ends_the_transaction_writes_nothing_and_stops_the_projector() {
    for what in [COMMITS, ROLLS_BACK, COMMITS_AND_BEGINS] {
        let folder = Folder::new();
        let store = folder.store().await;
        deposit(&store, "a", 5).await;
        deposit(&store, "b", what).await;
        let projector = Projector::new(store, Balances).on_failure(OnFailure::Park);
        let failed = projector.retries(0, Duration::ZERO).catch_up().await.expect_err("an end");
        let ended = failed.of_target::<SqliteTargetError>();
        assert!(matches!(ended, Some(SqliteTargetError::TransactionEnded { .. })), "{what}: {failed}");
        let mut db = open(folder.model(1)).await;
        let (position, projected): (i64, i64) =
            sqlx::query_as("SELECT position, projected FROM es_checkpoints")
                .fetch_one(&mut db)
                .await
                .expect("one");
        assert_eq!(balances(&mut db).await.len() as i64, projected, "{what}: model and checkpoint");
        assert!(position < 2, "{what}: the event is not passed");
    }
}

#[tokio::test]
async fn a_handler_can_nest_transactions_with_the_driver() {
    let folder = Folder::new();
    let store = folder.store().await;
    for _ in 0..3 {
        deposit(&store, "a", NESTS).await;
    }
    Projector::new(store.clone(), Balances).page_size(2).catch_up().await.expect("all events");
    let mut db = open(folder.model(1)).await;
    assert_eq!(balances(&mut db).await, [row("a", 3 * NESTS, 3), row("nested", 3, 3)]);
}

/// A worker that waits longer than the timeout retries, and parks nothing.
#[tokio::test]
async fn a_worker_waits_for_another_writer_of_the_file() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", 5).await;
    let projector = Projector::new(store, Balances).on_failure(OnFailure::Park);
    let projector = projector.target(|target| target.busy_timeout(Duration::from_millis(10)));
    projector.prepare().await.expect("a model");
    let mut db = open(folder.model(1)).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.expect("a lock");
    let busy = projector.publish().await;
    assert!(busy.is_ok(), "what readers see already: {busy:?}");
    let repartition = projector.repartition(2).await.expect_err("held");
    assert!(matches!(&repartition, ProjectorError::Store(_)), "{repartition}");
    assert!(repartition.is_retryable(), "{repartition}");
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.catch_up().await }
    });
    let waited = async || running.is_finished() || projector.retrying().is_some();
    until("it has waited in vain", waited).await;
    sqlx::query("COMMIT").execute(&mut db).await.expect("an end");
    if let Err(error) = running.await.expect("no panic") {
        assert!(error.is_retryable(), "{error}");
        projector.catch_up().await.expect("all events");
    }
    assert_eq!(balances(&mut db).await, [row("a", 5, 1)]);
    assert_eq!(projector.dead_letters().await.expect("letters"), []);
}

/// A foreign key that is checked at the commit is an error of the event like any other.
#[tokio::test]
async fn an_event_that_is_rejected_at_the_commit_is_undone_and_parked() {
    let folder = Folder::new();
    let store = folder.store().await;
    for (account, cents) in [("a", 5), ("b", ORPHANS), ("a", 5)] {
        deposit(&store, account, cents).await;
    }
    let projector = Projector::new(store, Balances).on_failure(OnFailure::Park).retries(0, Duration::ZERO);
    projector.catch_up().await.expect("what can be taken");
    assert_eq!(balances(&mut open(folder.model(1)).await).await, [row("a", 10, 2)]);
    let letters = projector.dead_letters().await.expect("letters");
    assert!(letters[0].reason.contains("FOREIGN KEY"), "{}", letters[0].reason);
    assert_eq!(letters.len(), 1);
}

//! A projection that catches up, follows, and reports its status.

use std::time::Duration;

use es_core::MemoryStore;
use es_core::projection::ProjectorError;
use es_sqlite::{Projector, SqliteStore, SqliteTarget, SqliteTargetError};
use sqlx::Executor as _;

use crate::support::*;

#[tokio::test]
async fn events_are_projected_once_each() {
    let folder = Folder::new();
    let store = folder.store().await;
    for number in 0..20 {
        deposit(&store, &format!("a{}", number % 3), number).await;
    }
    let projector = Projector::new(store.clone(), Balances).page_size(7);
    projector.catch_up().await.expect("all events");
    let mut db = projector.model_target().read().await.expect("a model");
    let expected = vec![row("a0", 63, 7), row("a1", 70, 7), row("a2", 57, 6)];
    assert_eq!(balances(&mut db).await, expected);
    deposit(&store, "a2", 3).await;
    projector.catch_up().await.expect("one more");
    projector.catch_up().await.expect("nothing more");
    assert_eq!(balances(&mut db).await[2], row("a2", 60, 7), "a reader sees each batch");
    db.execute("DELETE FROM balances").await.expect_err("a reader writes nothing");

    let status = projector.status().await.expect("a status");
    assert_eq!((status.lag_events(), status.lag(), status.error()), (0, Duration::ZERO, None));
    assert_eq!((status.partitions[0].projected, status.live, status.dead_letters), (21, Some(1), 0));
    assert_eq!(status.position(), status.head);
    assert_eq!(projector.model_target().live_file().await.expect("a file"), folder.model(1));
}

#[tokio::test]
async fn a_model_resumes_at_the_checkpoint_in_its_file() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", 1).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("one event");
    store.close().await.expect("closed");
    let store = folder.store().await;
    deposit(&store, "a", 2).await;
    Projector::new(store, Balances).catch_up().await.expect("the other");
    assert_eq!(balances(&mut open(folder.model(1)).await).await, [row("a", 3, 2)]);
}

#[tokio::test]
async fn a_model_can_have_a_file_next_to_any_store() {
    let folder = Folder::new();
    let target = SqliteTarget::file(folder.file());
    let projector = Projector::with_target(MemoryStore::new(), Balances, target.clone());
    projector.catch_up().await.expect("no events");
    assert_eq!(balances(&mut target.read().await.expect("a model")).await, []);
}

#[tokio::test]
async fn the_model_of_an_in_memory_store_is_deleted_with_it() {
    let store = SqliteStore::in_memory().await.expect("a store");
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store, Balances);
    projector.catch_up().await.expect("all events");
    let file = projector.model_target().live_file().await.expect("a file");
    assert!(file.exists());
    drop(projector);
    until("the file is gone", async || !file.exists()).await;
}

#[tokio::test]
async fn a_file_of_another_program_is_left_alone() {
    let folder = Folder::new();
    let store = folder.store().await;
    let target = SqliteTarget::file(folder.file());
    let refused = Projector::with_target(store, Balances, target).prepare().await.expect_err("the events");
    let refused = refused.of_target::<SqliteTargetError>();
    assert!(matches!(refused, Some(SqliteTargetError::NotOurs { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_projection_that_was_never_set_up_is_an_error() {
    let folder = Folder::new();
    let projector = Projector::new(folder.store().await, Balances);
    let none = projector.status().await.expect_err("no model");
    assert!(matches!(none, ProjectorError::NotSetUp { .. }), "{none}");
    let none = projector.model_target().read().await.expect_err("no model");
    assert!(matches!(none, ProjectorError::NotSetUp { .. }), "{none}");
}

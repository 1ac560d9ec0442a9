//! Which build readers see, and which are dropped.

use es_core::projection::ProjectorError;
use es_sqlite::Projector;

use crate::support::*;

#[tokio::test]
async fn readers_see_a_build_once_it_has_caught_up_with_the_current_one() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", 5).await;
    let first = Projector::new(store.clone(), Balances);
    first.catch_up().await.expect("all events");
    let second = Projector::new(store.clone(), Balances2).publish_when_caught_up(false);
    second.prepare().await.expect("a model");
    let behind = second.publish().await.expect_err("behind");
    assert!(matches!(behind, ProjectorError::BuildBehind { .. }), "{behind}");
    second.catch_up().await.expect("all events");
    assert_eq!(first.model_target().live_file().await.expect("a file"), folder.model(1));
    second.publish().await.expect("as far");
    assert_eq!(first.model_target().live_file().await.expect("a file"), folder.model(2));
    first.publish().await.expect("a later one is seen");
    assert_eq!(second.status().await.expect("a status").live, Some(2));
    assert_eq!(balances(&mut second.model_target().read().await.expect("a model")).await, [row("a", 5, 1)]);
}

#[tokio::test]
async fn a_build_is_dropped_with_all_its_tables_and_can_be_built_again() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", 5).await;
    let first = Projector::new(store.clone(), Balances);
    first.catch_up().await.expect("all events");
    let live = first.drop_build(1).await.expect_err("seen");
    assert!(matches!(live, ProjectorError::BuildLive { live: 1, .. }), "{live}");
    Projector::new(store.clone(), Balances2).catch_up().await.expect("all events, and published");
    let mut reader = open(folder.model(1)).await;
    first.drop_build(1).await.expect("not seen");
    first.drop_build(1).await.expect("nothing there");
    first.drop_build(7).await.expect("never there");
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut reader)
        .await
        .expect("a file");
    assert_eq!(left, 0);
    let none = first.status().await.expect_err("dropped");
    assert!(matches!(none, ProjectorError::NotSetUp { .. }), "{none}");
    first.catch_up().await.expect("anew");
    assert_eq!(balances(&mut reader).await, [row("a", 5, 1)]);
}

/// A set-up that was interrupted after creating the model's file and before writing the pointer.
#[tokio::test]
async fn a_model_without_a_pointer_is_published_by_the_next_set_up() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", 5).await;
    let projector = Projector::new(store, Balances);
    projector.catch_up().await.expect("all events");
    let mut pointer = open(folder.file().with_file_name("bank.db.balances")).await;
    sqlx::query("DELETE FROM es_live").execute(&mut pointer).await.expect("a pointer");
    projector.catch_up().await.expect("nothing more");
    assert_eq!(projector.model_target().live_file().await.expect("a file"), folder.model(1));
}

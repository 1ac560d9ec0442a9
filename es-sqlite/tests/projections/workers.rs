//! Several workers on one model.

use es_core::projection::ProjectorError;
use es_sqlite::Projector;
use tokio::task::JoinSet;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_on_the_same_partition_project_each_event_once() {
    let folder = Folder::new();
    let store = folder.store().await;
    for number in 0..60 {
        deposit(&store, &format!("a{}", number % 3), 1).await;
    }
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let projector = Projector::new(folder.store().await, Balances).page_size(3);
        workers.spawn(async move { projector.catch_up().await });
    }
    for done in workers.join_all().await {
        done.expect("all events");
    }
    let mut db = open(folder.model(1)).await;
    assert_eq!(balances(&mut db).await, [row("a0", 20, 20), row("a1", 20, 20), row("a2", 20, 20)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_build_the_same_model_and_their_number_is_fixed() {
    let folder = Folder::new();
    let store = folder.store().await;
    for number in 0..40 {
        deposit(&store, &format!("a{}", number % 10), 1).await;
    }
    let projector = Projector::new(store.clone(), Balances);
    let four = projector.clone().partitions(4).page_size(3);
    four.catch_up().await.expect("all events");
    let refused = projector.catch_up().await.expect_err("another number");
    assert!(matches!(refused, ProjectorError::PartitionsDiffer { found: 4, asked: 1, .. }), "{refused}");
    projector.repartition(2).await.expect("together");
    deposit(&store, "a1", 1).await;
    let two = projector.partitions(2);
    two.catch_up().await.expect("one more");
    let status = two.status().await.expect("a status");
    assert_eq!(status.partitions.iter().map(|partition| partition.projected).sum::<u64>(), 41);
    let mut db = open(folder.model(1)).await;
    let found = balances(&mut db).await;
    assert_eq!(found.iter().map(|row| row.2).sum::<i64>(), 41);
    assert_eq!(found.len(), 10);
}

/// A worker whose build is dropped stops, and one whose file is replaced continues in the new file.
#[tokio::test]
async fn a_worker_notices_that_its_file_is_gone() {
    let folder = Folder::new();
    let store = folder.store().await;
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store.clone(), Balances);
    projector.catch_up().await.expect("all events");
    for name in ["bank.db.balances", "bank.db.balances.1"] {
        std::fs::remove_file(folder.file().with_file_name(name)).expect("a file");
        for suffix in ["-wal", "-shm"] {
            drop(std::fs::remove_file(folder.file().with_file_name(format!("{name}{suffix}"))));
        }
    }
    projector.catch_up().await.expect("anew");
    assert_eq!(balances(&mut open(folder.model(1)).await).await, [row("a", 1, 1)]);
}

//! A projection that catches up, follows, and reports its status.

use std::time::Duration;

use es_postgres::{PostgresProjector, Projector, ProjectorError};

use crate::support::*;

#[tokio::test]
async fn events_are_projected_once_each_into_tables_of_the_build() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for account in 0..20 {
        deposit(&store, &format!("a{account}"), account).await;
        deposit(&store, &format!("a{account}"), 100).await;
    }
    let projector = Projector::new(store.clone(), Balances).page_size(7);
    projector.catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances_1").await;
    assert_exact(&mut db, "es_balances").await;
    deposit(&store, "a3", 5).await;
    projector.catch_up().await.expect("one more");
    projector.catch_up().await.expect("nothing more");
    assert_exact(&mut db, "es_balances").await;
    let listening = "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'es listen'";
    assert_eq!(number(&mut db, listening).await, 0, "without waiting no notification is needed");

    let status = projector.status().await.expect("a status");
    assert_eq!((status.lag_events(), status.lag(), status.error()), (0, Duration::ZERO, None));
    assert_eq!((status.partitions[0].projected, status.live, status.dead_letters), (61, Some(1), 0));
    assert_eq!(status.position(), status.head);
    deposit(&store, "a3", 5).await;
    assert_eq!(projector.status().await.expect("a status").lag_events(), 1);
}

#[tokio::test]
async fn a_running_projector_follows_the_store_and_ends_with_it() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let projector = Projector::new(store.clone(), Balances);
    let running = tokio::spawn(async move { projector.run().await });
    for round in 1..4 {
        deposit(&store, "a", round).await;
        until(&mut db, "to_regclass('es_balances.balances') IS NOT NULL").await;
        until(&mut db, &is_exact("es_balances")).await;
    }
    store.close().await;
    let ended = tokio::time::timeout(LONG, running).await.expect("it ends").expect("no panic");
    ended.expect("an orderly end");
}

/// Partitions at different positions have projected different events; repartitioning would lose some and
/// repeat others.
#[tokio::test]
async fn partitions_at_different_positions_are_not_repartitioned() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for account in 0..20 {
        deposit(&store, &format!("a{account}"), account).await;
    }
    // One account fails, and with it its partition: the other one continues to the end.
    let projector = Projector::new(store.clone(), Balances).partitions(2).page_size(5);
    projector.prepare().await.expect("tables");
    sql(&mut db, "ALTER TABLE es_balances_1.balances ADD CONSTRAINT no_a7 CHECK (account <> 'a7')").await;
    let running = tokio::spawn({
        let projector = projector.clone().retries(u32::MAX, Duration::from_millis(5));
        async move { projector.run().await }
    });
    until(&mut db, "SELECT max(position) = (SELECT max(position) FROM es.events) AND bool_or(error LIKE '%no_a7%') FROM es.checkpoints").await;
    running.abort();
    let _aborted = running.await;
    let refused = projector.repartition(3).await.expect_err("apart");
    assert!(matches!(refused, ProjectorError::PartitionsUneven { .. }), "{refused}");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.checkpoints").await, 2);

    sql(&mut db, "ALTER TABLE es_balances_1.balances DROP CONSTRAINT no_a7").await;
    projector.catch_up().await.expect("all events");
    projector.repartition(3).await.expect("together");
    for account in 0..20 {
        deposit(&store, &format!("a{account}"), 1).await;
    }
    projector.partitions(3).catch_up().await.expect("the rest");
    assert_exact(&mut db, "es_balances").await;
}

#[tokio::test]
async fn four_partitions_build_the_same_model_and_their_number_is_kept() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for account in 0..50 {
        deposit(&store, &format!("a{account}"), account).await;
    }
    let four = Projector::new(store.clone(), Balances).partitions(4).page_size(9);
    four.catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
    let status = four.status().await.expect("a status");
    assert_eq!(status.partitions.len(), 4);
    assert!(status.partitions.iter().all(|partition| partition.projected > 0), "{status:?}");

    let two = Projector::new(store.clone(), Balances).partitions(2);
    let refused = two.catch_up().await.expect_err("a different number of partitions");
    assert!(matches!(refused, ProjectorError::PartitionsDiffer { found: 4, asked: 2, .. }), "{refused}");
    two.repartition(2).await.expect("all partitions are at the end");
    for account in 0..50 {
        deposit(&store, &format!("a{account}"), 1).await;
    }
    let refused = four.catch_up().await.expect_err("the old number");
    assert!(matches!(refused, ProjectorError::PartitionsDiffer { found: 2, asked: 4, .. }), "{refused}");
    two.catch_up().await.expect("the rest");
    assert_exact(&mut db, "es_balances").await;
}

/// Every call of a projector can be made in a spawned task. That this compiles is the test.
#[allow(dead_code, reason = "compiled, not run")]
fn every_call_can_be_spawned(
    projector: &'static Projector<Balances>,
    letter: &'static es_postgres::DeadLetter,
) {
    drop(tokio::spawn(projector.run()));
    drop(tokio::spawn(projector.catch_up()));
    drop(tokio::spawn(projector.prepare()));
    drop(tokio::spawn(projector.publish()));
    drop(tokio::spawn(projector.repartition(2)));
    drop(tokio::spawn(projector.drop_build(1)));
    drop(tokio::spawn(projector.status()));
    drop(tokio::spawn(projector.dead_letters()));
    drop(tokio::spawn(projector.retry(&letter.stream)));
    drop(tokio::spawn(projector.discard(letter)));
    drop(tokio::spawn(projector.clone().inline()));
}

//! Patroni's switchover, and its failover from a lost leader.

use es_postgres::PostgresStore;
use es_tests::operations::{Program, verify};

use crate::patroni::Patroni;

async fn store(url: &str) -> PostgresStore {
    PostgresStore::options(url).connections(6).migrate().await.expect("a store")
}

#[tokio::test(flavor = "multi_thread")]
async fn synchronous_replication_loses_nothing_that_was_acknowledged() {
    let mut patroni = Patroni::start(true).await;
    patroni.follower_is_synchronous().await;
    let store = store(&patroni.url()).await;
    let program = Program::start(&store);
    program.acknowledges(100).await;

    patroni.switch_over().await;
    program.acknowledges(100).await;
    patroni.follower_is_synchronous().await;

    patroni.crash_the_leader().await;
    program.acknowledges(100).await;
    patroni.follower_is_synchronous().await;

    patroni.lose_the_leader().await;
    program.acknowledges(100).await;
    let report = program.stop().await;
    assert_eq!(verify(&patroni.url(), &report, 0..0).await, 0);
    assert_eq!(report.told, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn losses_of_asynchronous_replication_are_detected() {
    let mut patroni = Patroni::start(false).await;
    // Here the URL names both servers, and the program finds the leader.
    let store = store(&patroni.url_of_all()).await;
    let program = Program::start(&store);
    program.acknowledges(100).await;
    // A planned switchover loses nothing.
    patroni.switch_over().await;
    program.acknowledges(100).await;

    let first_lost = program.report().acknowledged.len();
    patroni.follower_has_all().await;
    patroni.cut_off_the_follower().await;
    let cut_off = program.report().acknowledged.len();
    program.acknowledges(100).await;
    let last = program.report().acknowledged.last().map(|event| event.position).expect("an event");
    program
        .until("its subscription has seen it", |report| report.seen.last().is_some_and(|seen| seen.0 >= last))
        .await;
    patroni.lose_the_leader().await;
    let end_of_lost = program.report().acknowledged.len();
    program.until("its subscription gets an error", |report| report.told > 0).await;
    program.acknowledges(100).await;
    let report = program.stop().await;
    let lost = verify(&patroni.url(), &report, first_lost..end_of_lost).await;
    // Some answers may have been in flight when it was cut off.
    assert!(lost + 10 >= end_of_lost - cut_off, "{lost} of {} are lost", end_of_lost - cut_off);
    assert_eq!(report.told, 1);
}

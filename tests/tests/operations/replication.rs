//! Moving to another server by logical replication.

use es_core::record::RawEvent;
use es_core::store::ReadAll;
use es_core::subscription::Subscription;
use es_postgres::{ConnectError, PostgresStore};
use es_tests::operations::{Program, block, verify};
use tokio::time::{Duration, sleep};

use crate::support::{Server, open};

async fn until(server: &Server, statements: &str) {
    let holds = async {
        while server.shell.psql("shop", statements) != "t" {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), holds)
        .await
        .unwrap_or_else(|_| panic!("never: {statements}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_moves_to_another_server_by_logical_replication() {
    let old = Server::start("wal_level = logical").await;
    let store = old.store().await;
    let program = Program::start(&store);
    program.acknowledges(40).await;
    let new = Server::start("").await;
    new.shell.run("dropdb shop");
    old.shell.psql("shop", &block("publish"));
    let address = format!("host={} dbname=shop user=postgres", old.shell.run("printf '%s' \"$PGHOST\""));
    new.shell.clone().with("OLD", address).run(&block("subscribe"));
    until(&new, &block("copied")).await;
    program.acknowledges(40).await;

    // The documented step: stop all programs.
    let checkpoint = store.end().await.expect("a head");
    let mut report = program.stop().await;
    let written = old.shell.psql("shop", &block("written"));
    until(&new, &format!("\\set written {written}\n{}", block("arrived"))).await;
    let url = new.url("shop");
    let refused = PostgresStore::connect(&url).await.expect_err("sequences are not replicated");
    assert!(matches!(refused, ConnectError::PositionsBehind { .. }), "{refused}");
    new.shell.psql("shop", "SELECT setval('es.positions', (SELECT max(position) FROM es.events))");
    let refused = PostgresStore::connect(&url).await.expect_err("sequences are not replicated");
    assert!(matches!(refused, ConnectError::StreamIdsBehind { .. }), "{refused}");
    new.shell.psql("shop", &block("take-over"));

    assert_eq!(new.shell.psql("shop", &block("verify")), "");
    let moved = open(&url).await;
    let program = Program::start(&moved);
    program.acknowledges(40).await;
    let mut count = 0;
    let mut take = |_: RawEvent<'_>| {
        count += 1;
        Ok(())
    };
    Subscription::new(moved.clone()).from(checkpoint).next_page(&mut take).await.expect("it continues");
    assert!(count > 0);
    let mut after = program.stop().await;
    report.acknowledged.append(&mut after.acknowledged);
    after.acknowledged = report.acknowledged;
    verify(&url, &after, 0..0).await;
}

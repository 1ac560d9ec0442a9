//! Dumps and their restores.

use es_core::store::ReadAll;
use es_core::subscription::Subscription;
use es_core::{ExecuteOptions, Repository, StoreError};
use es_postgres::{PostgresStore, Projector};
use es_tests::operations::bank::{Account, Balances, Deposit};
use es_tests::operations::{Program, block, verify};
use sqlx::Connection;

use crate::support::{Server, connect, open};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_of_the_database_is_a_complete_store() {
    let server = Server::start("").await;
    let store = server.store().await;
    let program = Program::start(&store);
    program.acknowledges(60).await;
    let in_dump = program.report().acknowledged.len();
    server.shell.run(&block("dump"));
    program.acknowledges(20).await;
    let last = store.end().await.expect("a head");
    let before = program.stop().await;
    verify(&server.url("shop"), &before, 0..0).await;

    server.shell.run(&block("restore"));
    let url = server.url("shop_restored");
    assert_eq!(server.shell.psql("shop_restored", &block("verify")), "");
    let restored = open(&url).await;
    // A reader that has seen later events than the dump has gets an error.
    let mut take = |_: es_core::record::RawEvent<'_>| panic!("nothing may be delivered");
    let told = Subscription::new(restored.clone()).from(last).next_page(&mut take).await;
    assert!(matches!(told, Err(StoreError::ForeignCheckpoint { .. })), "{told:?}");
    let program = Program::start(&restored);
    program.acknowledges(40).await;
    let mut after = program.stop().await;
    verify(&url, &after, 0..0).await;
    // The dump has everything that was acknowledged before it began.
    after.acknowledged = before.acknowledged[..in_dump].to_vec();
    verify(&url, &after, 0..0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_dumps_of_schemas_are_complete_stores_too() {
    let server = Server::start("").await;
    let store = server.store().await;
    let program = Program::start(&store);
    program.acknowledges(40).await;
    let before = program.stop().await;
    server.shell.psql("shop", "CREATE TABLE public.of_others (id int)");
    let projected = async |url: &str| {
        let store = open(url).await;
        let done = Projector::new(store.clone(), Balances).catch_up().await;
        store.close().await;
        done
    };

    // With the read models, and without them.
    for (name, database) in [("dump-schemas", "store_restored"), ("dump-events", "events_restored")] {
        server.shell.run(&block(name));
        assert_eq!(server.shell.psql(database, &block("verify")), "", "{name}");
        assert_eq!(server.shell.psql(database, "SELECT to_regclass('public.of_others') IS NULL"), "t");
        let models = server.shell.psql(database, "SELECT to_regclass('es_balances_1.balances') IS NOT NULL");
        assert_eq!(models == "t", name == "dump-schemas");
        projected(&server.url(database)).await.expect("it continues, or begins");
        verify(&server.url(database), &before, 0..0).await;
    }

    // Checkpoints of models that do not exist.
    server.shell.run("pg_dump --format=custom --schema=es --file=all.dump shop; createdb half");
    server.shell.run("pg_restore --exit-on-error --dbname=half all.dump");
    let store = open(&server.url("half")).await;
    Repository::<Account, PostgresStore>::new(store.clone())
        .execute(&77, Deposit(1))
        .await
        .expect("a deposit");
    store.close().await;
    projected(&server.url("half")).await.expect_err("its tables are missing");
    server.shell.psql("half", &block("forget-projections"));
    projected(&server.url("half")).await.expect("built anew");
    let stored = server
        .shell
        .psql("half", "SELECT sum(events) = (SELECT count(*) FROM es.events) FROM es_balances.balances");
    assert_eq!(stored, "t");
}

/// The event that was committed later has the lower position, and is not in the dump.
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_between_two_commits_has_a_gap_that_the_check_finds() {
    let server = Server::start("").await;
    let store = server.store().await;
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute(&1, Deposit(1)).await.expect("a deposit");
    let mut connection = connect(&server.url("shop")).await;
    let mut tx = connection.begin().await.expect("a transaction");
    let below = accounts.execute_in(&mut *tx, &2, Deposit(1), ExecuteOptions::new()).await.expect("appended");
    accounts.execute(&3, Deposit(1)).await.expect("a deposit");
    server.shell.run(&block("dump"));
    tx.commit().await.expect("committed");
    let edge = store.end().await.expect("a head");
    store.close().await;

    server.shell.run(&block("restore"));
    assert_eq!(server.shell.psql("shop_restored", &block("verify")), "", "nothing is damaged");
    assert_eq!(server.shell.psql("shop_restored", &block("holes")), below.events[0].position.to_string());
    // A reader that has seen both gets no error.
    let restored = open(&server.url("shop_restored")).await;
    let mut subscription = Subscription::new(restored.clone()).from(edge);
    let next =
        Repository::<Account, _>::new(restored.clone()).execute(&2, Deposit(1)).await.expect("a deposit");
    let mut seen = Vec::new();
    let mut take = |raw: es_core::record::RawEvent<'_>| {
        seen.push(raw.position);
        Ok(())
    };
    subscription.next_page(&mut take).await.expect("it continues");
    assert_eq!(seen, [next.events[0].position]);
    restored.close().await;
}

/// The results of the check of a restored store that is damaged.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_by_the_documented_check() {
    let server = Server::start("").await;
    let program = Program::start(&server.store().await);
    program.acknowledges(30).await;
    let _report = program.stop().await;
    let disabled =
        |table: &str, change: &str| format!("BEGIN; ALTER TABLE es.{table} DISABLE TRIGGER USER; {change}; ");
    let some = "(SELECT stream FROM es.events ORDER BY position LIMIT 1)";
    for (finding, change) in [
        (
            "head",
            disabled("streams", &format!("UPDATE es.streams SET revision = revision + 1 WHERE id = {some}")),
        ),
        (
            "missing",
            disabled("events", &format!("DELETE FROM es.events WHERE stream = {some} AND revision = 2")),
        ),
        ("no name", disabled("event_types", "DELETE FROM es.event_types")),
        ("no stream", disabled("streams", &format!("DELETE FROM es.streams WHERE id = {some}"))),
        (
            "positions do not",
            disabled(
                "events",
                &format!("UPDATE es.events SET position = -position WHERE stream = {some} AND revision = 3"),
            ),
        ),
        ("checkpoint", "BEGIN; UPDATE es.checkpoints SET event_id = gen_random_uuid();".into()),
    ] {
        let said = server.shell.psql("shop", &format!("{change}\n{}\nROLLBACK;", block("verify")));
        assert!(said.contains(finding), "{finding}: {said}");
    }
    assert_eq!(server.shell.psql("shop", &block("verify")), "");
}

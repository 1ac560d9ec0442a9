//! The monitoring statements, each on a store where it finds something.

use std::time::Duration;

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, Recorded, Repository, StoreError};
use es_postgres::{OnFailure, PostgresStore, Projector};
use es_tests::operations::bank::{Account, Balances, Deposit, Deposited};
use es_tests::operations::{Shell, block};
use sqlx::{Connection, PgConnection};

use crate::support::{Server, connect};

/// Fails for every event.
#[derive(Debug, Clone, Projection)]
#[projection(name = "refusing", events(Deposited), model = PgConnection, setup)]
struct Refusing;

impl ProjectSetup for Refusing {
    async fn setup(&self, _: &mut PgConnection) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Project<Deposited> for Refusing {
    async fn project(&self, _: &Recorded<Deposited>, _: &mut PgConnection) -> Result<(), BoxError> {
        Err("it is not wanted".into())
    }
}

async fn until(shell: &Shell, name: &str, holds: impl Fn(&str) -> bool) -> String {
    for _ in 0..2_000 {
        let said = shell.psql("shop", &block(name));
        if holds(&said) {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{name} never says it: {}", shell.psql("shop", &block(name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_monitoring_statements_find_problems() {
    let server = Server::start("").await;
    let store = server.store().await;
    let accounts = Repository::<Account, _>::new(store.clone());
    let deposit = async |account| accounts.execute(&account, Deposit(1)).await.expect("a deposit");
    let ask = |name: &str| server.shell.psql("shop", &block(name));
    deposit(1).await;

    // An append whose transaction is left open.
    assert_eq!(ask("open-appends"), "");
    let mut connection = connect(&server.url("shop")).await;
    let mut tx = connection.begin().await.expect("a transaction");
    accounts.execute_in(&mut *tx, &2, Deposit(1), ExecuteOptions::default()).await.expect("appended");
    let open = ask("open-appends");
    assert!(open.lines().count() == 1 && open.contains("|idle in transaction|00:00:"), "{open}");
    tx.commit().await.expect("committed");
    assert_eq!(ask("open-appends"), "");

    // A projection that is behind, and one that has stopped.
    Projector::new(store.clone(), Balances).catch_up().await.expect("projected");
    deposit(1).await;
    deposit(1).await;
    let refusing = Projector::new(store.clone(), Refusing);
    refusing.catch_up().await.expect_err("it stops");
    let projections = ask("projections");
    let line = |name: &str| projections.lines().find(|line| line.starts_with(name)).expect("a line");
    assert!(line("balances").starts_with("balances|1|1|0|2|00:00:"), "{projections}");
    assert!(line("refusing").contains("it is not wanted"), "{projections}");
    assert_eq!(ask("dead-letters"), "");
    refusing.on_failure(OnFailure::Park).catch_up().await.expect("parked");
    let letters = ask("dead-letters");
    assert!(letters.starts_with("refusing|1|4|") && letters.contains("it is not wanted"), "{letters}");

    assert!(ask("registrations").contains("account.deposited|1"), "{}", ask("registrations"));
    assert!(ask("sizes").lines().any(|line| line.starts_with("events|")), "{}", ask("sizes"));
    let (used, most) = {
        let said = ask("connections");
        let (used, most) = said.split_once('|').expect("two numbers");
        (used.parse::<u32>().expect("a number"), most.parse::<u32>().expect("a number"))
    };
    assert!(used > 1 && most == 60, "{used} of {most}");

    // No standby, no archive; then an append that waits for a missing standby.
    assert_eq!(ask("standbys"), "");
    assert_eq!(ask("archive-state"), "|||f");
    assert_eq!(ask("waiting-for-a-standby"), "");
    server.shell.psql("shop", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.shell.psql("shop", "SELECT pg_reload_conf()");
    let short = Duration::from_secs(1);
    let hurried = PostgresStore::options(&server.url("shop")).answer_within(short).patience(short);
    let hurried = Repository::<Account, _>::new(hurried.connect().await.expect("a store"));
    let send = async || {
        let options = ExecuteOptions::new().command_id(Uuid::from_u128(3));
        hurried.execute_with(&3, Deposit(1), options).await
    };
    let unknown = send().await.expect_err("no standby has it");
    assert!(matches!(unknown, ExecuteError::Store(StoreError::OutcomeUnknown { .. })), "{unknown:?}");
    assert_ne!(ask("waiting-for-a-standby"), "", "it still waits");
    server.shell.psql("shop", "ALTER SYSTEM RESET synchronous_standby_names");
    server.shell.psql("shop", "SELECT pg_reload_conf()");
    until(&server.shell, "waiting-for-a-standby", str::is_empty).await;
    assert!(send().await.expect("an answer").repeated);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_archive_and_a_standby_are_found() {
    let server = Server::start("archive_mode = on\narchive_command = 'false'").await;
    server.store().await.close().await;
    server.shell.psql("shop", "SELECT pg_switch_wal()");
    until(&server.shell, "archive-state", |said| said.ends_with("|t")).await;
    let standby = server.standby().await;
    let seen = until(&server.shell, "standbys", |said| said.contains("|streaming|async|")).await;
    assert_eq!(seen.lines().count(), 1, "{seen}");
    drop(standby);
}

//! Point-in-time recovery of a server while a program keeps running.

use es_core::record::RawEvent;
use es_core::store::ReadAll;
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{ExecuteOptions, Repository};
use es_postgres::{ConnectError, PostgresStore};
use es_tests::operations::bank::{Account, Deposit};
use es_tests::operations::{Program, block, verify};

use crate::support::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_keeps_running_when_its_server_recovers_to_a_point_in_time() {
    let archive = block("archive").replace("/var/backups/wal", "$FOLDER/shell/archive");
    let server = Server::start(&archive).await;
    let store = server.store().await;
    let accounts = Repository::<Account, _>::new(store.clone());
    let send = async |id| {
        let options = ExecuteOptions::default().command_id(id);
        accounts.execute_with(&100, Deposit(5), options).await.expect("an answer").repeated
    };
    let (kept, lost) = (Uuid::now_v7(), Uuid::now_v7());
    let program = Program::start(&store);
    program.acknowledges(30).await;
    server.shell.run(&block("base-backup"));
    assert!(!send(kept).await);
    program.acknowledges(30).await;
    let standing = store.end().await.expect("a head");
    let first_lost = program.report().acknowledged.len();
    server.shell.psql("shop", &block("restore-point"));
    assert!(!send(lost).await);
    program.acknowledges(60).await;
    let last = program.report().acknowledged.last().map(|event| event.position).expect("an event");
    program
        .until("its subscription has seen it", |report| report.seen.last().is_some_and(|seen| seen.0 >= last))
        .await;

    server.shell.run(&block("stop"));
    let end_of_lost = program.report().acknowledged.len();
    server.shell.run(&block("point-in-time"));
    program.until("its subscription gets an error", |report| report.told > 0).await;
    program.acknowledges(60).await;
    assert_eq!(server.shell.psql("shop", &block("verify")), "");
    assert!(send(kept).await, "its first answer");
    assert!(!send(lost).await, "executed again, as the command ledger does not have it");
    // An earlier checkpoint is still valid.
    let mut count = 0;
    let mut take = |_: RawEvent<'_>| {
        count += 1;
        Ok(())
    };
    Subscription::new(store.clone()).from(standing).next_page(&mut take).await.expect("a page");
    assert!(count > 0);
    let report = program.stop().await;
    let lost = verify(&server.url("shop"), &report, first_lost..end_of_lost).await;
    assert!(lost >= 50, "{lost} of {} are lost", end_of_lost - first_lost);
    assert_eq!(report.told, 1);
}

/// Recovers to a time, and inspects the result before the server is opened to programs.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_pauses_at_a_time_is_refused_until_it_resumes() {
    let archive = block("archive").replace("/var/backups/wal", "$FOLDER/shell/archive");
    let server = Server::start(&archive).await;
    let store = server.store().await;
    let program = Program::start(&store);
    program.acknowledges(10).await;
    server.shell.run(&block("base-backup"));
    program.acknowledges(20).await;
    let first_lost = program.report().acknowledged.len();
    let time = server.shell.psql("shop", "SELECT clock_timestamp()");
    program.acknowledges(40).await;
    server.shell.run(&block("stop"));
    let end_of_lost = program.report().acknowledged.len();
    let paused = block("point-in-time")
        .replace("recovery_target_name = 'before the import'", &format!("recovery_target_time = '{time}'"))
        .replace("'promote'", "'pause'");
    assert!(paused.contains(&time) && paused.contains("'pause'"), "{paused}");
    server.shell.run(&paused);
    while server.shell.psql("shop", "SELECT pg_get_wal_replay_pause_state()") != "paused" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let refused = PostgresStore::connect(&server.url("shop")).await.expect_err("it is a standby");
    assert!(matches!(refused, ConnectError::Standby), "{refused}");
    assert_eq!(server.shell.psql("shop", &block("verify")), "", "it can be inspected");
    server.shell.psql("shop", "SELECT pg_wal_replay_resume()");
    program.acknowledges(30).await;
    let report = program.stop().await;
    let lost = verify(&server.url("shop"), &report, first_lost..end_of_lost).await;
    assert!(lost >= 35, "{lost} of {} are lost", end_of_lost - first_lost);
}

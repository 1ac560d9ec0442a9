//! Read models in a different database than their events, while connections, servers and programs fail: each
//! event is projected once.

use std::time::Duration;

use es_postgres::testing::TestDatabase;
use es_postgres::{OnFailure, PostgresProjector, PostgresStore, Projector};
use sqlx::PgConnection;
use tokio::task::JoinHandle;

use crate::builds::NewBalances;
use crate::elsewhere::Apart;
use crate::policies::{OPEN_GHOST, poisoned};
use crate::support::*;
use crate::workers::{Gate, NO_WORKER, Process, deposits, quick};

/// Terminates the matching sessions of a database, like a server that is shut down.
async fn end_sessions(db: &mut PgConnection, which: &str) {
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND {which}"
    );
    sql(db, &end).await;
}

fn run(projector: Projector<Balances>) -> JoinHandle<Result<(), es_postgres::ProjectorError>> {
    tokio::spawn(async move { projector.run().await })
}

/// A target whose projection has projected the first ten accounts.
async fn started() -> Apart {
    let apart = Apart::fresh().await;
    deposits(&apart.store, 0..10).await;
    apart.projector().catch_up().await.expect("all events");
    apart
}

fn gate(models: &TestDatabase, when: &'static str) -> impl Future<Output = Gate> {
    Gate::closed(models.url(), "es_balances_1", "a12", when)
}

/// Between the handler and the commit, and within the commit.
#[tokio::test]
async fn a_batch_whose_backend_is_killed_leaves_model_and_checkpoint_together() {
    for when in ["IMMEDIATE", "DEFERRED"] {
        let mut apart = started().await;
        let mut gate = gate(&apart.models, when).await;
        let working = run(quick(apart.projector()));
        deposits(&apart.store, 12..14).await;
        gate.wait_for(1).await;
        end_sessions(&mut apart.db, "application_name LIKE 'es projection%'").await;
        until(&mut apart.db, NO_WORKER).await;
        let at = "SELECT count(*) FROM es_balances.balances WHERE account = 'a12'";
        assert_eq!(number(&mut apart.db, at).await, 0, "{when}");
        gate.open().await;
        apart.until_exact("es_balances").await;
        assert!(!working.is_finished());
        working.abort();
    }
}

/// Those that read and those that wait for NOTIFY, whatever they are doing.
#[tokio::test]
async fn reading_resumes_at_the_checkpoint_after_the_backends_of_the_source_were_killed() {
    let mut apart = started().await;
    let mut events = connect(apart.events.url()).await;
    let working = run(quick(apart.projector()));
    for round in 0..5 {
        let store = PostgresStore::connect(apart.events.url()).await.expect("a store of its own");
        deposits(&store, round * 10..round * 10 + 15).await;
        end_sessions(&mut events, "true").await;
    }
    apart.until_exact("es_balances").await;
    assert!(!working.is_finished());
    working.abort();
}

#[tokio::test]
async fn two_workers_project_each_event_once() {
    let mut apart = started().await;
    let workers = [(); 2].map(|()| run(quick(apart.projector()).take_over(Duration::ZERO)));
    for round in 0..10 {
        deposits(&apart.store, round..round + 10).await;
    }
    apart.until_exact("es_balances").await;
    assert!(workers.iter().all(|worker| !worker.is_finished()));
    workers.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_worker_that_hangs_is_replaced_and_writes_nothing_when_it_continues() {
    let mut apart = started().await;
    let mut gate = gate(&apart.models, "IMMEDIATE").await;
    deposits(&apart.store, 12..14).await;
    let paused = Process::start_away(apart.events.url(), apart.models.url(), 1);
    gate.wait_for(1).await;
    paused.signal("-STOP");
    gate.open().await;
    // The server ends the batch of the worker that hangs, and this one takes over.
    quick(apart.projector()).catch_up().await.expect("all events");
    apart.assert_exact("es_balances").await;
    paused.signal("-CONT");
    deposits(&apart.store, 10..20).await;
    apart.until_exact("es_balances").await;
}

#[tokio::test]
async fn a_build_that_is_killed_is_resumed_and_then_published() {
    let mut apart = started().await;
    deposits(&apart.store, 10..40).await;
    let new = Projector::new(apart.store.clone(), NewBalances).into_target(apart.target());
    new.prepare().await.expect("tables");
    let mut gate = Gate::closed(apart.models.url(), "es_balances_2", "a25", "IMMEDIATE").await;
    let mut build = Process::start_away(apart.events.url(), apart.models.url(), 2);
    gate.wait_for(1).await;
    build.kill();
    gate.open().await;
    until(&mut apart.db, NO_WORKER).await;
    assert!(number(&mut apart.db, "SELECT position FROM es.checkpoints WHERE build = 2").await > 0);
    assert_eq!(number(&mut apart.db, "SELECT live::bigint FROM es.projections").await, 1);
    new.catch_up().await.expect("all events");
    assert_eq!(number(&mut apart.db, "SELECT live::bigint FROM es.projections").await, 2);
    apart.assert_exact("es_balances").await;
    let mut events = connect(apart.events.url()).await;
    let projected = number(&mut apart.db, "SELECT projected FROM es.checkpoints WHERE build = 2").await;
    assert_eq!(projected, number(&mut events, "SELECT count(*) FROM es.events").await);
}

#[tokio::test]
async fn a_poison_event_is_retried_until_it_can_be_projected() {
    let mut apart = Apart::fresh().await;
    poisoned(&apart.store).await;
    let working = run(apart.projector().retries(u32::MAX, Duration::from_millis(5)));
    until(&mut apart.db, "SELECT error LIKE '%ghost is not open%' FROM es.checkpoints").await;
    sql(&mut apart.db, OPEN_GHOST).await;
    apart.until_exact("es_balances").await;
    working.abort();
}

/// The retry locks the checkpoints here as well: a later event would be parked behind dead letters that are
/// gone.
#[tokio::test]
async fn a_later_event_waits_until_the_dead_letters_of_its_stream_were_retried() {
    let mut apart = Apart::fresh().await;
    poisoned(&apart.store).await;
    let projector = quick(apart.projector()).standstill(LONG).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but two");
    sql(&mut apart.db, OPEN_GHOST).await;
    let mut gate = Gate::closed(apart.models.url(), "es_balances_1", "ghost", "IMMEDIATE").await;
    let ghost = projector.dead_letters().await.expect("a list")[0].stream.clone();
    let retrying = tokio::spawn({
        let projector = projector.clone();
        async move { projector.retry(&ghost).await }
    });
    gate.wait_for(1).await;
    append(&apart.store, "ghost", 2, "account.deposited", 1, r#"{"cents":9}"#).await;
    let working = run(projector);
    gate.wait_for_fenced().await;
    gate.open().await;
    let retried = retrying.await.expect("no panic").expect("an outcome");
    assert_eq!((retried.taken, retried.left), (2, 0));
    apart.until_exact("es_balances").await;
    assert_eq!(number(&mut apart.db, "SELECT count(*) FROM es.dead_letters").await, 0);
    working.abort();
}

//! Reactors on PostgreSQL: workers that hang, lost commits, restored stores, and a start during appends.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use es_core::reactor::{React, Reactor, ReactorRunner, Start};
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendIn};
use es_core::{Metadata, Recorded, Revision, StoreError, StreamId};
use es_postgres::testing::TestDatabase;
use es_postgres::{PostgresStore, ProjectorError};
use sqlx::{Connection, PgConnection};

use crate::rewind::{events_after, rewind};
use crate::support::*;

const LEASE: Duration = Duration::from_secs(1);

/// Records each deposit in a table, on a separate connection, as an external service would.
#[derive(Reactor, Clone)]
#[reactor(name = "notes", events(Deposited))]
struct Notes {
    url: String,
    who: &'static str,
    /// Waits, after its effect, while another session holds the lock 4711.
    waits: bool,
}

impl React<Deposited> for Notes {
    async fn react(&self, event: &Recorded<Deposited>) -> Result<(), BoxError> {
        let mut db = PgConnection::connect(&self.url).await?;
        let insert = sqlx::query("INSERT INTO notes VALUES ($1, $2, $3)").bind(event.stream.key());
        insert.bind(event.revision.get().cast_signed()).bind(self.who).execute(&mut db).await?;
        if self.waits {
            sqlx::raw_sql("SELECT pg_advisory_lock_shared(4711)").execute(&mut db).await?;
        }
        Ok(())
    }
}

async fn with_notes() -> (TestDatabase, PostgresStore, PgConnection) {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(&mut db, "CREATE TABLE notes (key text, revision bigint, who text)").await;
    (database, store, db)
}

fn notes(database: &TestDatabase, who: &'static str) -> Notes {
    Notes { url: database.url().to_owned(), who, waits: false }
}

/// The process that other tests start.
#[tokio::test]
#[ignore = "runs forever; started by other tests"]
async fn reactor_process() {
    let Ok(url) = std::env::var("ES_WORKER_URL") else { return };
    let store = PostgresStore::connect(&url).await.expect("a store");
    let reactor = Notes { url, who: "paused", waits: true };
    let runner = ReactorRunner::new(store, reactor).lease(LEASE).owner("paused");
    runner.poll_every(Duration::from_millis(20)).run().await.expect("it runs until it is killed");
}

/// Killed at the end of the test.
struct Process(Child);

impl Process {
    fn start(url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["reactors::reactor_process", "--exact", "--ignored", "--nocapture"]);
        Self(command.env("ES_WORKER_URL", url).stdout(Stdio::null()).spawn().expect("a process"))
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.0.id().to_string()]).status().expect("kill");
        assert!(done.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _dead = self.0.kill();
        let _dead = self.0.wait();
    }
}

const CHECKPOINT: &str = "SELECT position FROM es.checkpoints WHERE projection = 'reactor.notes'";

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hung_longer_than_its_lease_moves_nothing_and_another_one_continues() {
    let (database, store, mut db) = with_notes().await;
    let mut gate = connect(database.url()).await;
    sql(&mut gate, "SELECT pg_advisory_lock(4711)").await;
    deposit(&store, "a", 5).await;
    let paused = Process::start(database.url());
    until(&mut db, "EXISTS (SELECT FROM notes WHERE who = 'paused')").await;
    paused.signal("-STOP");
    let runner = ReactorRunner::new(store.clone(), notes(&database, "other")).owner("other");
    let runner = runner.poll_every(Duration::from_millis(20)).lease(Duration::from_secs(3600));
    let other = tokio::spawn(async move { runner.run().await });
    until(&mut db, "EXISTS (SELECT FROM notes WHERE who = 'other')").await;
    deposit(&store, "a", 6).await;
    until(&mut db, "(SELECT count(*) FROM notes WHERE who = 'other') = 2").await;
    // Its effect has ended now, and it would move the checkpoint.
    paused.signal("-CONT");
    sql(&mut gate, "SELECT pg_advisory_unlock(4711)").await;
    let idle = "NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%lock_shared(4711)%' AND pid <> pg_backend_pid())";
    until(&mut db, idle).await;
    deposit(&store, "a", 7).await;
    until(&mut db, "(SELECT count(*) FROM notes WHERE who = 'other') = 3").await;
    let head = number(&mut db, "SELECT max(position) FROM es.events").await;
    until(&mut db, &format!("({CHECKPOINT}) = {head}")).await;
    let by = number(&mut db, "SELECT count(*) FROM notes WHERE who = 'paused'").await;
    assert_eq!(by, 1, "it continued without a lease");
    let epoch = "SELECT epoch FROM es.checkpoints WHERE projection = 'reactor.notes' AND owner = 'other'";
    assert_eq!(number(&mut db, epoch).await, 2);
    other.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_killed_at_the_commit_repeats_no_effect_of_a_living_worker() {
    let (database, store, mut db) = with_notes().await;
    deposit(&store, "a", 5).await;
    let mut gate = connect(database.url()).await;
    sql(
        &mut gate,
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_advisory_xact_lock_shared(4712); RETURN NEW; END $$;
         CREATE TRIGGER gate BEFORE UPDATE ON es.checkpoints FOR EACH ROW
         WHEN (NEW.projection = 'reactor.notes' AND NEW.position <> OLD.position) EXECUTE FUNCTION gate();
         SELECT pg_advisory_lock(4712)",
    )
    .await;
    let runner = ReactorRunner::new(store, notes(&database, "one")).poll_every(Duration::from_millis(20));
    let running = tokio::spawn(async move { runner.run().await });
    let waits = "wait_event_type = 'Lock' AND wait_event = 'advisory' AND query LIKE '%end_batch%'";
    until(&mut db, &format!("EXISTS (SELECT FROM pg_stat_activity WHERE {waits})")).await;
    let kill = format!("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE {waits}");
    sql(&mut db, &kill).await;
    sql(&mut gate, "SELECT pg_advisory_unlock(4712)").await;
    let head = number(&mut db, "SELECT max(position) FROM es.events").await;
    until(&mut db, &format!("({CHECKPOINT}) = {head}")).await;
    assert_eq!(number(&mut db, "SELECT count(*) FROM notes").await, 1);
    running.abort();
}

#[tokio::test]
async fn a_store_that_was_restored_to_an_earlier_state_stops_the_reactor() {
    let (database, store, mut db) = with_notes().await;
    deposit(&store, "a", 5).await;
    deposit(&store, "b", 5).await;
    let runner = ReactorRunner::new(store, notes(&database, "one"));
    runner.catch_up().await.expect("it catches up");
    sql(&mut db, &rewind(&events_after(2))).await;
    // The programs are started again, as after a restore.
    let store = database.store().await.expect("a store");
    let runner = ReactorRunner::new(store, notes(&database, "one"));
    let error = runner.catch_up().await.expect_err("its events are gone");
    assert!(matches!(error, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{error}");
    assert_eq!(number(&mut db, "SELECT count(*) FROM notes").await, 2);
}

/// A program that has just started does not know the high-water mark while an append is open: its "now" is
/// not the beginning.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_from_now_skips_the_past_and_nothing_later_during_appends() {
    let (database, store, mut db) = with_notes().await;
    deposit(&store, "before", 5).await;
    let stream = StreamId::new("account", "under-way").expect("a stream id");
    let event =
        |name, json: &str| NewEvent::new(name, 1, json.as_bytes().to_vec(), Arc::new(Metadata::new()));
    let events =
        [event("account.opened", r#"{"owner":"Ann"}"#), event("account.deposited", r#"{"cents":7}"#)];
    let mut writer = connect(database.url()).await;
    let mut under_way = writer.begin().await.expect("a transaction");
    let append = Append::new(&stream, Revision::new(0), &events);
    appended(store.append_in(&mut under_way, append).await);
    let fresh = database.store().await.expect("the store of a program that has just started");
    let runner = ReactorRunner::new(fresh, notes(&database, "one")).start(Start::Now);
    let setting_up = tokio::spawn({
        let runner = runner.clone();
        async move { runner.prepare().await }
    });
    let asked =
        "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%watermark()%' AND pid <> pg_backend_pid())";
    until(&mut db, asked).await;
    under_way.commit().await.expect("a commit");
    setting_up.await.expect("no panic").expect("set up");
    deposit(&store, "after", 5).await;
    runner.catch_up().await.expect("it catches up");
    assert_eq!(number(&mut db, "SELECT count(*) FROM notes WHERE key = 'before'").await, 0);
    assert_eq!(number(&mut db, "SELECT count(*) FROM notes WHERE key = 'after'").await, 1);
}

#[tokio::test]
async fn a_reactor_creates_no_schema() {
    let (database, store, mut db) = with_notes().await;
    deposit(&store, "a", 5).await;
    ReactorRunner::new(store, notes(&database, "one")).catch_up().await.expect("it catches up");
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'es!_%' ESCAPE '!'";
    assert_eq!(number(&mut db, made).await, 0);
}

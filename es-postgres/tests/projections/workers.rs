//! Workers that are killed, paused and resumed, overtaken, and several at once.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use es_core::Repository;
use es_postgres::{PostgresProjector, PostgresStore, PostgresTarget, Projector, ProjectorError};
use sqlx::PgConnection;

use crate::builds::NewBalances;
use crate::support::*;

/// The process that other tests start, and kill.
#[tokio::test]
#[ignore = "runs forever; started by other tests"]
async fn worker_process() {
    let Ok(url) = std::env::var("ES_WORKER_URL") else { return };
    let store = PostgresStore::connect(&url).await.expect("a store");
    let build = std::env::var("ES_WORKER_REV").unwrap_or_default();
    let done = match std::env::var("ES_WORKER_MODELS") {
        Ok(models) => {
            let models = PostgresStore::connect(&models).await.expect("a store");
            match &*build {
                "2" => run_away(store, NewBalances, models).await,
                _ => run_away(store, Balances, models).await,
            }
        }
        Err(_) => match &*build {
            "2" => quick(Projector::new(store, NewBalances)).run().await,
            _ => quick(Projector::new(store, Balances)).run().await,
        },
    };
    done.expect("it runs until it is killed");
}

async fn run_away<P: es_core::projection::Projection<Model = PgConnection>>(
    store: PostgresStore,
    projection: P,
    models: PostgresStore,
) -> Result<(), ProjectorError> {
    quick(Projector::new(store, projection).into_target(PostgresTarget::new(models))).run().await
}

/// A worker that polls often and waits briefly.
pub(crate) fn quick<P: es_core::projection::Projection<Model = PgConnection>>(
    projector: Projector<P>,
) -> Projector<P> {
    let projector = projector.page_size(5).poll_every(Duration::from_millis(20));
    projector.standstill(MOMENT).take_over(Duration::from_millis(500))
}

/// The process, killed at the end of the test.
pub(crate) struct Process(Child);

impl Process {
    fn start(url: &str, build: u32) -> Self {
        Self::spawn(Self::command(url, build))
    }

    /// A worker whose models are in this other database.
    pub(crate) fn start_away(url: &str, models: &str, build: u32) -> Self {
        let mut command = Self::command(url, build);
        command.env("ES_WORKER_MODELS", models);
        Self::spawn(command)
    }

    fn command(url: &str, build: u32) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        // Shows why it ended, if it did.
        command.args(["workers::worker_process", "--exact", "--ignored", "--nocapture"]);
        command.env("ES_WORKER_URL", url).env("ES_WORKER_REV", build.to_string());
        command
    }

    fn spawn(mut command: Command) -> Self {
        Self(command.stdout(Stdio::null()).spawn().expect("a process"))
    }

    pub(crate) fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.0.id().to_string()]).status().expect("kill");
        assert!(done.success());
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("it is dead");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _dead = self.0.kill();
        let _dead = self.0.wait();
    }
}

/// A gate that holds batches after they have written the balance of one account.
pub(crate) struct Gate(PgConnection);

impl Gate {
    pub(crate) async fn closed(url: &str, schema: &str, account: &str, when: &str) -> Self {
        let mut db = connect(url).await;
        sql(
            &mut db,
            &format!(
                "CREATE FUNCTION {schema}.gate() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$;
                 CREATE CONSTRAINT TRIGGER gate AFTER INSERT OR UPDATE ON {schema}.balances DEFERRABLE INITIALLY {when}
                 FOR EACH ROW WHEN (NEW.account = '{account}') EXECUTE FUNCTION {schema}.gate();
                 SELECT pg_advisory_lock(4711)"
            ),
        )
        .await;
        Self(db)
    }

    /// Waits until that many batches are at the gate.
    pub(crate) async fn wait_for(&mut self, batches: u32) {
        let waiting =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        until(&mut self.0, &format!("({waiting}) = {batches}")).await;
    }

    /// Waits until a worker waits for the fence that another one holds.
    pub(crate) async fn wait_for_fenced(&mut self) {
        let fenced = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
             AND wait_event = 'transactionid' AND query LIKE '%The fence of a batch%'";
        until(&mut self.0, &format!("({fenced}) = 1")).await;
    }

    pub(crate) async fn open(&mut self) {
        sql(&mut self.0, "SELECT pg_advisory_unlock(4711)").await;
    }
}

pub(crate) const NO_WORKER: &str = "SELECT count(*) = 0 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'es projection%'";

/// The only worker has ended its last transaction.
const IDLE_WORKER: &str = "(SELECT count(*) = 1 AND bool_and(state = 'idle') FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'es projection%')";

/// Its last transaction was rolled back.
const REFUSED_WORKER: &str = "(SELECT bool_and(query = 'ROLLBACK') FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'es projection%')";

pub(crate) async fn deposits(store: &PostgresStore, accounts: std::ops::Range<u32>) {
    for account in accounts {
        deposit(store, &format!("a{account}"), i64::from(account)).await;
    }
}

/// A store whose projection is set up and has projected the first ten accounts.
async fn started() -> (es_postgres::testing::TestDatabase, PostgresStore, PgConnection) {
    let (database, store) = fresh().await;
    let db = connect(database.url()).await;
    deposits(&store, 0..10).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("all events");
    (database, store, db)
}

#[tokio::test]
async fn a_worker_killed_within_its_batch_leaves_neither_model_nor_checkpoint() {
    let (database, store, mut db) = started().await;
    let before = number(&mut db, "SELECT position FROM es.checkpoints").await;
    let mut gate = Gate::closed(database.url(), "es_balances_1", "a12", "IMMEDIATE").await;
    deposits(&store, 12..14).await;
    let mut worker = Process::start(database.url(), 1);
    gate.wait_for(1).await;
    worker.kill();
    gate.open().await;
    until(&mut db, NO_WORKER).await;
    assert_eq!(number(&mut db, "SELECT position FROM es.checkpoints").await, before);
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.balances").await, 10);
    Projector::new(store, Balances).catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
}

#[tokio::test]
async fn a_worker_killed_within_its_commit_leaves_both_or_neither() {
    let (database, store, mut db) = started().await;
    // The trigger fires when the server has the COMMIT already.
    let mut gate = Gate::closed(database.url(), "es_balances_1", "a12", "DEFERRED").await;
    deposits(&store, 12..13).await;
    let mut worker = Process::start(database.url(), 1);
    gate.wait_for(1).await;
    worker.kill();
    gate.open().await;
    until(&mut db, NO_WORKER).await;
    assert_exact(&mut db, "es_balances").await;
    deposits(&store, 12..16).await;
    Projector::new(store, Balances).catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
}

#[tokio::test]
async fn a_worker_paused_within_its_batch_is_replaced_and_writes_nothing_when_it_is_resumed() {
    let (database, store, mut db) = started().await;
    let mut gate = Gate::closed(database.url(), "es_balances_1", "a12", "IMMEDIATE").await;
    deposits(&store, 12..14).await;
    let paused = Process::start(database.url(), 1);
    gate.wait_for(1).await;
    paused.signal("-STOP");
    gate.open().await;
    // The server ends the batch of the paused worker, and this one takes over.
    let projector = quick(Projector::new(store.clone(), Balances));
    projector.catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
    paused.signal("-CONT");
    deposits(&store, 10..20).await;
    until(&mut db, &is_exact("es_balances")).await;
    assert_exact(&mut db, "es_balances").await;
}

#[tokio::test]
async fn a_worker_paused_before_its_batch_finds_the_fence_closed() {
    let (database, store, mut db) = started().await;
    let mut gate = Gate::closed(database.url(), "es_balances_1", "a12", "IMMEDIATE").await;
    // It projects event by event, so that it needs the checkpoint again, whose row the other one has locked
    // by then.
    let first = quick(Projector::new(store.clone(), Balances)).standstill(LONG).owner("first").page_size(1);
    let working = tokio::spawn(async move { first.run().await });
    deposits(&store, 12..14).await;
    gate.wait_for(1).await;
    // It has read the same page, and is about to begin its own batch with the old checkpoint.
    let late = Process::start(database.url(), 1);
    gate.wait_for_fenced().await;
    late.signal("-STOP");
    gate.open().await;
    until(&mut db, &is_exact("es_balances")).await;
    late.signal("-CONT");
    deposits(&store, 14..30).await;
    until(&mut db, &is_exact("es_balances")).await;
    // It takes over once the first one is gone.
    working.abort();
    let _gone = working.await;
    deposits(&store, 20..40).await;
    until(&mut db, &is_exact("es_balances")).await;
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.checkpoints WHERE owner = 'first'").await, 0);
}

/// It has no transaction open while it is paused, so only the fence can stop it: it relies on the checkpoint
/// that it has moved itself.
#[tokio::test]
async fn a_worker_paused_between_its_transactions_finds_the_fence_closed() {
    let (database, store, mut db) = started().await;
    let paused = Process::start(database.url(), 1);
    // The second time it has done everything else that it does at the end of the events.
    for _ in 0..2 {
        deposits(&store, 12..14).await;
        until(&mut db, &is_exact("es_balances")).await;
    }
    paused.signal("-STOP");
    until(&mut db, IDLE_WORKER).await;
    deposits(&store, 12..16).await;
    Projector::new(store.clone(), Balances).owner("meanwhile").catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
    paused.signal("-CONT");
    // It has tried and was refused.
    until(&mut db, &format!("{IDLE_WORKER} AND {REFUSED_WORKER}")).await;
    assert_exact(&mut db, "es_balances").await;
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.checkpoints WHERE owner = 'meanwhile'").await, 1);
    deposits(&store, 12..20).await;
    until(&mut db, &is_exact("es_balances")).await;
}

#[tokio::test]
async fn a_worker_whose_connection_is_killed_continues() {
    let (database, store, mut db) = started().await;
    let mut gate = Gate::closed(database.url(), "es_balances_1", "a12", "IMMEDIATE").await;
    let projector = quick(Projector::new(store.clone(), Balances));
    let working = tokio::spawn(async move { projector.run().await });
    deposits(&store, 12..14).await;
    gate.wait_for(1).await;
    sql(
        &mut db,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'es projection%'",
    )
    .await;
    gate.open().await;
    until(&mut db, &is_exact("es_balances")).await;
    assert!(!working.is_finished());
    working.abort();
}

#[tokio::test]
async fn two_workers_of_one_projection_project_each_event_once() {
    let (database, store, mut db) = started().await;
    let other = database.store().await.expect("a store");
    let working: Vec<_> = [store.clone(), other]
        .into_iter()
        .map(|store| {
            let projector = quick(Projector::new(store, Balances)).take_over(Duration::ZERO);
            tokio::spawn(async move { projector.run().await })
        })
        .collect();
    for round in 0..10 {
        deposits(&store, round..round + 10).await;
    }
    until(&mut db, &is_exact("es_balances")).await;
    assert!(working.iter().all(|worker| !worker.is_finished()));
    working.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_rebuild_that_is_killed_is_resumed_while_events_come_in() {
    let (database, store, mut db) = started().await;
    deposits(&store, 10..40).await;
    let live = quick(Projector::new(store.clone(), Balances));
    let working = tokio::spawn(async move { live.run().await });
    let new = quick(Projector::new(store.clone(), NewBalances));
    new.prepare().await.expect("tables");
    let mut gate = Gate::closed(database.url(), "es_balances_2", "a25", "IMMEDIATE").await;
    let mut rebuild = Process::start(database.url(), 2);
    gate.wait_for(1).await;
    rebuild.kill();
    gate.open().await;
    until(&mut db, "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711").await;
    let reached = number(&mut db, "SELECT position FROM es.checkpoints WHERE build = 2").await;
    assert!(reached > 0, "it had not begun");
    assert_eq!(number(&mut db, "SELECT live::bigint FROM es.projections").await, 1);

    let writer = store.clone();
    let writing = tokio::spawn(async move { deposits(&writer, 0..60).await });
    let resumed = tokio::spawn(async move { new.run().await });
    until(&mut db, "SELECT live = 2 FROM es.projections").await;
    writing.await.expect("all deposits");
    until(&mut db, &is_exact("es_balances_1")).await;
    until(&mut db, &is_exact("es_balances_2")).await;
    assert_exact(&mut db, "es_balances").await;
    // It resumed where the killed one had stopped.
    let projected = number(&mut db, "SELECT projected FROM es.checkpoints WHERE build = 2").await;
    assert_eq!(projected, number(&mut db, "SELECT count(*) FROM es.events").await);
    assert!(!working.is_finished() && !resumed.is_finished());
    working.abort();
    resumed.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_and_four_partitions_build_the_model_that_sql_computes() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let projector = quick(Projector::new(store.clone(), Balances)).page_size(50).partitions(4);
    let status = projector.clone();
    let working = tokio::spawn(async move { projector.run().await });
    let writers: Vec<_> = (0..16_u32)
        .map(|writer| {
            let accounts = Repository::<Account, _>::new(store.clone());
            tokio::spawn(async move {
                for step in 0..60 {
                    // Accounts that several writers share, so that there are conflicts.
                    let account = format!("a{}", (writer * 7 + step * 11) % 40);
                    let done = accounts.execute(&account, Deposit(i64::from(step))).await;
                    done.expect("a deposit");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("all deposits");
    }
    until(&mut db, &is_exact("es_balances")).await;
    let status = status.status().await.expect("a status");
    let projected: u64 = status.partitions.iter().map(|partition| partition.projected).sum();
    assert_eq!(projected, number(&mut db, "SELECT count(*) FROM es.events").await.unsigned_abs());
    assert!(!working.is_finished());
    working.abort();
}

#[tokio::test]
async fn a_projector_of_a_dropped_build_stops() {
    let (_database, store, _db) = started().await;
    let old = quick(Projector::new(store.clone(), Balances));
    let working = tokio::spawn(async move { old.run().await });
    let new = Projector::new(store.clone(), NewBalances);
    new.catch_up().await.expect("all events");
    new.drop_build(1).await.expect("not live any more");
    deposits(&store, 1..2).await;
    let ended = tokio::time::timeout(LONG, working).await.expect("it ends").expect("no panic");
    assert!(matches!(ended, Err(ProjectorError::NotSetUp { .. })), "{ended:?}");
}

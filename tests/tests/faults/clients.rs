//! Programs that are killed or stopped in the middle of a call.

use std::path::Path;
use std::time::Duration;

use es_core::store::{AllQuery, Checkpoint, Filter, ReadAll, Rest};
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, StoreError};
use es_postgres::{LockTimeout, PostgresStore};
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use crate::support::*;

/// Holds appends after the update of the stream's row, before their events are written.
struct Gate(PgConnection);

impl Gate {
    async fn closed(url: &str) -> Self {
        let mut db = connect(url).await;
        sql(
            &mut db,
            "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$;
             CREATE TRIGGER gate BEFORE INSERT ON es.events FOR EACH ROW EXECUTE FUNCTION gate();
             SELECT pg_advisory_lock(4711)",
        )
        .await;
        Self(db)
    }

    /// Waits until an append is at the gate.
    async fn wait(&mut self) {
        let waiting =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        until(&mut self.0, &format!("({waiting}) = 1")).await;
    }

    async fn open(mut self) {
        sql(&mut self.0, "SELECT pg_advisory_unlock(4711)").await;
    }
}

/// The other program of the tests below: it deposits 5 into account `a`, under a given command id.
#[tokio::test]
#[ignore = "started by other tests"]
async fn program_that_deposits() {
    let (Ok(url), Ok(id)) = (std::env::var("ES_FAULTS_URL"), std::env::var("ES_FAULTS_COMMAND")) else {
        return;
    };
    let store = PostgresStore::connect(&url).await.expect("a store");
    let options = ExecuteOptions::new().command_id(id.parse::<Uuid>().expect("an id"));
    accounts(&store).execute_with(&"a".to_owned(), Deposit(5), options).await.expect("a deposit");
    store.close().await;
}

#[tokio::test]
async fn a_command_whose_program_is_killed_before_the_answer_is_executed_once() {
    let (database, store) = fresh().await;
    let accounts = accounts(&store);
    let a = String::from("a");
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    let mut gate = Gate::closed(database.url()).await;
    let id = Uuid::now_v7();
    let told = [("ES_FAULTS_URL", database.url()), ("ES_FAULTS_COMMAND", &id.to_string())];
    let mut program = Program::start("clients::program_that_deposits", &told);
    gate.wait().await;
    program.kill();
    gate.open().await;
    // The server completes the append; sending the command again returns its outcome.
    let again = accounts.execute_with(&a, Deposit(5), ExecuteOptions::new().command_id(id)).await;
    assert!(again.expect("the first outcome").repeated);
    assert_eq!(accounts.load(&a).await.expect("an account").state.cents, 6);
}

#[tokio::test]
async fn a_program_that_is_stopped_during_an_append_holds_up_nobody() {
    let (database, store) = fresh().await;
    let accounts = accounts(&store);
    let a = String::from("a");
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    let mut gate = Gate::closed(database.url()).await;
    let id = Uuid::now_v7();
    let told = [("ES_FAULTS_URL", database.url()), ("ES_FAULTS_COMMAND", &id.to_string())];
    let program = Program::start("clients::program_that_deposits", &told);
    gate.wait().await;
    program.signal("STOP");
    gate.open().await;
    // It does not read its answer, but its append has ended.
    accounts.execute(&a, Deposit(10)).await.expect("a deposit");
    let (all, mut read) = (Filter::new(), 0);
    let mut take = |_: es_core::record::RawEvent<'_>| {
        read += 1;
        Ok(())
    };
    let page = store.read_all(AllQuery::after(Checkpoint::START, &all), &mut take).await.expect("a page");
    assert_eq!(page.rest, Rest::Nothing);
    assert_eq!(read, 3);
    program.signal("CONT");
    program.end();
    assert_eq!(accounts.load(&a).await.expect("an account").state.cents, 16);
}

/// The other program of the test below: it deposits 5 into account `a` in a transaction that it commits once
/// a file exists.
#[tokio::test]
#[ignore = "started by other tests"]
async fn program_with_a_transaction() {
    let (Ok(url), Ok(file)) = (std::env::var("ES_FAULTS_URL"), std::env::var("ES_FAULTS_FILE")) else {
        return;
    };
    let store = PostgresStore::connect(&url).await.expect("a store");
    let mut db = connect(&url).await;
    sql(&mut db, "SET application_name = 'month end'").await;
    let mut tx = db.begin().await.expect("a transaction");
    let (a, options) = (String::from("a"), ExecuteOptions::new());
    accounts(&store).execute_in(&mut *tx, &a, Deposit(5), options).await.expect("a deposit");
    while !Path::new(&file).exists() {
        sleep(Duration::from_millis(5)).await;
    }
    tx.commit().await.expect("committed");
    store.close().await;
}

#[tokio::test]
async fn a_program_that_is_stopped_in_its_transaction_holds_up_its_stream_and_readers_and_is_named() {
    let (database, _) = fresh().await;
    let options = database.options().longest_lock_wait(MOMENT);
    let store = options.connect().await.expect("a store");
    let accounts = accounts(&store).with_retry(es_core::Retry::default().times(0));
    let (a, b) = (String::from("a"), String::from("b"));
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    let all = Filter::new();
    // Like a reader that follows the store.
    let query = AllQuery::after(Checkpoint::START, &all);
    let page = store.follow(query, &mut |_| Ok(())).await.expect("a page");
    assert_eq!(page.events, 1);
    let after = AllQuery::after(page.checkpoint, &all);
    let file = std::env::temp_dir().join(format!("es-faults-{}", Uuid::now_v7().simple()));
    let told = [("ES_FAULTS_URL", database.url()), ("ES_FAULTS_FILE", file.to_str().expect("a path"))];
    let program = Program::start("clients::program_with_a_transaction", &told);
    let mut db = connect(database.url()).await;
    let appended = "EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                     WHERE l.relation = 'es.positions'::regclass AND l.mode = 'RowExclusiveLock'
                       AND a.application_name = 'month end' AND a.state = 'idle in transaction')";
    until(&mut db, appended).await;
    program.signal("STOP");

    let error = accounts.execute(&a, Deposit(10)).await.expect_err("the stream is held");
    let ExecuteError::Store(StoreError::Backend { source, retryable: true }) = &error else {
        panic!("{error:?}")
    };
    let timeout = source.downcast_ref::<LockTimeout>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!(timeout.holders[0].application_name.as_deref(), Some("month end"));
    accounts.execute(&b, Deposit(100)).await.expect("other streams are not affected");
    let page = store.follow(after, &mut |_| Ok(())).await.expect("a page");
    assert_eq!(
        (page.events, page.rest),
        (0, Rest::Held),
        "readers skip no event that may still be committed"
    );
    let open = store.open_appends().await.expect("open appends");
    assert_eq!(open[0].application_name.as_deref(), Some("month end"));

    program.signal("CONT");
    std::fs::write(&file, "").expect("a file");
    program.end();
    std::fs::remove_file(&file).expect("the file is ours");
    accounts.execute(&a, Deposit(10)).await.expect("a deposit");
    let page = store.read_all(after, &mut |_| Ok(())).await.expect("a page");
    assert_eq!((page.events, page.rest), (3, Rest::Nothing));
    assert_eq!(accounts.load(&a).await.expect("an account").state.cents, 16);
}

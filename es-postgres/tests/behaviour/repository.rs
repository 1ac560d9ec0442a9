//! Commands on PostgreSQL, alone and in the caller's transaction, with snapshots and time travel.

use std::time::{Duration, Instant};

use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, Events, ExecuteError, ExecuteOptions, Handle, Metadata, Repository, Retry, Revision,
    StoreError, emit, event,
};
use es_postgres::testing::TestDatabase;
use es_postgres::{LockTimeout, PostgresStore};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection};

#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
}

#[derive(Aggregate, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[aggregate(name = "account", id = String, events(Opened, Deposited), snapshot(every = 10))]
struct Account {
    owner: Option<String>,
    cents: i64,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: Opened) {
        self.owner = Some(event.owner);
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum Refused {
    #[error("already open")]
    AlreadyOpen,
    #[error("not open")]
    NotOpen,
}

struct Open;
struct Deposit(i64);

impl Handle<Open> for Account {
    type Error = Refused;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Refused> {
        if self.owner.is_some() { Err(Refused::AlreadyOpen) } else { emit(Opened { owner: "Ann".into() }) }
    }
}

impl Handle<Deposit> for Account {
    type Error = Refused;
    fn handle(&self, command: &Deposit) -> Result<Events<Self>, Refused> {
        if self.owner.is_some() { emit(Deposited { cents: command.0 }) } else { Err(Refused::NotOpen) }
    }
}

type Accounts = Repository<Account, PostgresStore>;

async fn accounts() -> (TestDatabase, Accounts) {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a store");
    (database, Repository::new(store))
}

fn id() -> String {
    "A-17".into()
}

#[tokio::test]
async fn commands_run_as_on_every_store() {
    let (_database, accounts) = accounts().await;
    let metadata = Metadata::new().actor("clerk").entry("channel", "web");
    let options = ExecuteOptions::new().metadata(metadata.clone()).command_id(Uuid::now_v7());
    let opened = accounts.execute_with(&id(), Open, options.clone()).await.expect("opened");
    assert!(matches!(accounts.execute(&id(), Open).await, Err(ExecuteError::Rejected(Refused::AlreadyOpen))));
    let again = accounts.execute_with(&id(), Open, options).await.expect("repeated");
    assert_eq!((again.repeated, again.revision), (true, opened.revision));
    for cents in 1..=25 {
        accounts.execute(&id(), Deposit(cents)).await.expect("deposited");
        accounts.settle().await;
    }
    let loaded = accounts.load(&id()).await.expect("a state");
    assert_eq!((loaded.state.cents, loaded.revision), (325, Revision::new(26)));
    assert_eq!(accounts.load_at(&id(), 3).await.expect("a state").state.cents, 3);
    let mut seen = Vec::new();
    let take = |recorded: es_core::Recorded<AccountEvent>| {
        seen.push((recorded.revision.get(), recorded.metadata.actor.clone()));
        Ok(())
    };
    accounts.history(&id(), ..=2, take).await.expect("a history");
    assert_eq!(seen, [(1, Some("clerk".into())), (2, None)]);
}

#[tokio::test]
async fn snapshots_are_kept_by_fingerprint_and_used() {
    let (database, accounts) = accounts().await;
    accounts.execute(&id(), Open).await.expect("opened");
    for cents in 1..=20 {
        accounts.execute(&id(), Deposit(cents)).await.expect("deposited");
        accounts.settle().await;
    }
    let mut connection = PgConnection::connect(database.url()).await.expect("connected");
    let kept: Vec<(i64, i64)> = sqlx::query_as("SELECT revision, fingerprint FROM es.snapshots")
        .fetch_all(&mut connection)
        .await
        .expect("rows");
    let fingerprint = Account::snapshots().expect("snapshots").fingerprint.to_i64();
    assert_eq!(kept, [(20, fingerprint)]);
    // A load starts from the state in the snapshot.
    sqlx::query("UPDATE es.snapshots SET state = '{\"owner\":\"Ann\",\"cents\":1000}'")
        .execute(&mut connection)
        .await
        .expect("updated");
    assert_eq!(accounts.load(&id()).await.expect("a state").state.cents, 1_020);
}

#[tokio::test]
async fn a_command_in_the_callers_transaction_is_written_with_the_callers_rows_or_not_at_all() {
    let (database, accounts) = accounts().await;
    let mut connection = PgConnection::connect(database.url()).await.expect("connected");
    sqlx::raw_sql("CREATE TABLE mails (to_owner text)").execute(&mut connection).await.expect("made");
    for commit in [false, true] {
        let mut tx = connection.begin().await.expect("begun");
        sqlx::query("INSERT INTO mails VALUES ('Ann')").execute(&mut *tx).await.expect("inserted");
        accounts.execute_in(&mut *tx, &id(), Open, ExecuteOptions::new()).await.expect("opened");
        let done =
            accounts.execute_in(&mut *tx, &id(), Deposit(5), ExecuteOptions::new()).await.expect("deposited");
        assert_eq!(done.revision, Revision::new(2), "a command sees what the transaction has written");
        let outside = accounts.load(&id()).await.expect("a state");
        assert_eq!(outside.revision, Revision::EMPTY, "nobody else sees it before the commit");
        if commit {
            tx.commit().await.expect("committed");
        } else {
            tx.rollback().await.expect("rolled back");
        }
        let mails: i64 = sqlx::query_scalar("SELECT count(*) FROM mails")
            .fetch_one(&mut connection)
            .await
            .expect("a count");
        let revision = accounts.load(&id()).await.expect("a state").revision.get();
        assert_eq!((mails, revision), if commit { (1, 2) } else { (0, 0) });
    }
}

#[tokio::test]
async fn a_transaction_survives_a_rejection_and_a_conflict() {
    let (database, accounts) = accounts().await;
    let mut connection = PgConnection::connect(database.url()).await.expect("connected");
    let mut tx = connection.begin().await.expect("begun");
    let rejected = accounts.execute_in(&mut *tx, &id(), Deposit(1), ExecuteOptions::new()).await;
    assert!(matches!(rejected, Err(ExecuteError::Rejected(Refused::NotOpen))));
    let expected = ExecuteOptions::new().expected_revision(Revision::new(9));
    let conflict = accounts.execute_in(&mut *tx, &id(), Open, expected).await;
    assert!(matches!(conflict, Err(ExecuteError::Conflict { actual: Revision::EMPTY, .. })));
    accounts.execute_in(&mut *tx, &id(), Open, ExecuteOptions::new()).await.expect("opened");
    tx.commit().await.expect("committed");
    assert_eq!(accounts.load(&id()).await.expect("a state").revision, Revision::new(1));
}

#[tokio::test]
async fn another_isolation_level_is_refused() {
    let (database, accounts) = accounts().await;
    let mut connection = PgConnection::connect(database.url()).await.expect("connected");
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        let mut tx = connection.begin().await.expect("begun");
        let set = sqlx::AssertSqlSafe(format!("SET TRANSACTION ISOLATION LEVEL {level}"));
        sqlx::raw_sql(set).execute(&mut *tx).await.expect("set");
        let error = accounts.execute_in(&mut *tx, &id(), Open, ExecuteOptions::new()).await.expect_err(level);
        let ExecuteError::Store(StoreError::IsolationLevel { found }) = &error else { panic!("{error}") };
        assert_eq!(found.to_uppercase(), level);
        assert!(!error.is_retryable());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_processes_lose_no_command() {
    let database = TestDatabase::new().await.expect("a test database");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        // Each has a store of its own, like four processes.
        let accounts = Accounts::new(database.store().await.expect("a store"));
        tasks.spawn(async move {
            let retry = Retry::default().times(1_000);
            let accounts = accounts.with_retry(retry);
            let _first = accounts.execute(&id(), Open).await;
            for _ in 0..25 {
                accounts.execute(&id(), Deposit(1)).await.expect("deposited");
            }
        });
    }
    tasks.join_all().await;
    let accounts = Accounts::new(database.store().await.expect("a store"));
    let loaded = accounts.load(&id()).await.expect("a state");
    assert_eq!((loaded.state.cents, loaded.revision), (100, Revision::new(101)));
}

/// The store has waited for its full timeout, and the repository does not repeat that ten times.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_a_locked_stream_waits_once_and_names_the_holder() {
    let database = TestDatabase::new().await.expect("a test database");
    let longest = Duration::from_millis(500);
    let store = database.options().longest_lock_wait(longest).connect().await.expect("a store");
    let accounts = Accounts::new(store).with_retry(Retry::default().within(longest));
    accounts.execute(&id(), Open).await.expect("opened");
    let mut holder = PgConnection::connect(database.url()).await.expect("connected");
    let ask = sqlx::query_scalar("SELECT pg_backend_pid()");
    let pid: i32 = ask.fetch_one(&mut holder).await.expect("its process");
    let mut tx = holder.begin().await.expect("begun");
    sqlx::raw_sql("SELECT FROM es.streams FOR UPDATE").execute(&mut *tx).await.expect("locked");
    let began = Instant::now();
    let error = accounts.execute(&id(), Deposit(1)).await.expect_err("held");
    let waited = began.elapsed();
    // At most twice: for the stream's row, and for the transaction that locks it.
    assert!(longest <= waited && waited < longest * 4, "{waited:?}");
    assert!(error.is_retryable(), "{error:?}");
    let ExecuteError::Store(StoreError::Backend { source, .. }) = &error else { panic!("{error:?}") };
    let timeout = source.downcast_ref::<LockTimeout>().unwrap_or_else(|| panic!("{error:?}"));
    let [holder] = &timeout.holders[..] else { panic!("{timeout}") };
    assert_eq!(holder.pid, Some(pid));
    assert!(holder.age.is_some_and(|age| age > Duration::ZERO), "{timeout}");
    tx.rollback().await.expect("rolled back");
    accounts.execute(&id(), Deposit(1)).await.expect("deposited");
}

async fn lose_all_but_the_first(database: &TestDatabase) {
    let mut owner = PgConnection::connect(database.url()).await.expect("connected");
    let lose = "ALTER TABLE es.events DISABLE TRIGGER ALL;
        DELETE FROM es.events WHERE revision > 1;
        UPDATE es.streams s SET revision = 1, head_event_id = e.event_id FROM es.events e WHERE e.stream = s.id;
        ALTER TABLE es.events ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER never_truncated";
    sqlx::raw_sql(lose).execute(&mut owner).await.expect("lost");
}

/// As after a failover to a standby that had not received everything.
#[tokio::test]
async fn a_state_of_events_that_the_database_has_lost_is_never_built_on() {
    let (database, ours) = accounts().await;
    let theirs = Repository::<Account, _>::new(database.store().await.expect("a store"));
    ours.execute(&id(), Open).await.expect("opened");
    for regrown in [1, 2, 3] {
        ours.execute(&id(), Deposit(1_000)).await.expect("deposited");
        ours.execute(&id(), Deposit(1_000)).await.expect("deposited");
        lose_all_but_the_first(&database).await;
        // Fewer events than were lost, as many, and more: only the ids differ.
        for _ in 0..regrown {
            theirs.execute(&id(), Deposit(1)).await.expect("deposited");
        }
        let cents = std::sync::Mutex::new(0);
        let decide = async |state: std::sync::Arc<Account>| {
            *cents.lock().expect("no panic") = state.cents;
            emit::<_, Refused>(())
        };
        ours.decide(&id(), decide).await.expect("nothing to do");
        assert_eq!(*cents.lock().expect("no panic"), regrown, "what the stream holds now");
        let done = ours.execute(&id(), Deposit(1)).await.expect("deposited");
        assert_eq!(done.revision.get(), 2 + regrown.cast_unsigned());
    }
}

/// Nor on the copy that is kept if several programs append.
#[tokio::test]
async fn a_copy_of_a_state_of_lost_events_is_never_built_on() {
    let (database, ours) = accounts().await;
    let theirs = Repository::<Account, _>::new(database.store().await.expect("a store"));
    ours.execute(&id(), Open).await.expect("opened");
    for regrown in [1, 2, 3] {
        for accounts in [&ours, &theirs, &ours, &theirs] {
            accounts.execute(&id(), Deposit(1_000)).await.expect("deposited");
        }
        let conflicts = ours.metrics().conflicts;
        assert!(conflicts > 0, "others were faster, so a copy is kept");
        lose_all_but_the_first(&database).await;
        for _ in 0..regrown {
            theirs.execute(&id(), Deposit(1)).await.expect("deposited");
        }
        let done = ours.execute(&id(), Deposit(1)).await.expect("deposited");
        assert_eq!(done.revision.get(), 2 + regrown);
        assert!(ours.metrics().conflicts > conflicts, "the copy was used");
        let loaded = ours.load(&id()).await.expect("a state");
        assert_eq!(loaded.state.cents.cast_unsigned(), regrown + 1);
        lose_all_but_the_first(&database).await;
    }
}

#[tokio::test]
async fn a_rejection_in_the_callers_transaction_is_remembered_if_the_caller_commits() {
    let (database, accounts) = accounts().await;
    let mut connection = PgConnection::connect(database.url()).await.expect("connected");
    for (command, commit) in [(1, false), (2, true)] {
        let options = || ExecuteOptions::new().command_id(Uuid::from_u128(command));
        let mut tx = connection.begin().await.expect("begun");
        for _ in 0..2 {
            let remember = options().remember_decision();
            let rejected = accounts.execute_in(&mut *tx, &id(), Deposit(1), remember).await;
            assert!(matches!(rejected, Err(ExecuteError::Rejected(Refused::NotOpen))), "{rejected:?}");
        }
        if commit {
            tx.commit().await.expect("committed");
        } else {
            tx.rollback().await.expect("rolled back");
        }
    }
    accounts.execute(&id(), Open).await.expect("opened");
    let again = async |command| {
        let options = ExecuteOptions::new().command_id(Uuid::from_u128(command));
        accounts.execute_with(&id(), Deposit(1), options).await
    };
    assert!(!again(1).await.expect("deposited").repeated, "that was rolled back");
    let rejected = again(2).await.expect_err("rejected as before");
    assert!(matches!(rejected, ExecuteError::Rejected(Refused::NotOpen)), "{rejected}");
    let mut tx = connection.begin().await.expect("begun");
    let options = ExecuteOptions::new().command_id(Uuid::from_u128(2));
    let rejected = accounts.execute_in(&mut *tx, &id(), Deposit(1), options).await;
    assert!(matches!(rejected, Err(ExecuteError::Rejected(Refused::NotOpen))), "{rejected:?}");
    tx.commit().await.expect("committed");
    assert_eq!(accounts.load(&id()).await.expect("a state").revision, Revision::new(2));
}

//! Commands, states and callers' transactions on a file.

#![allow(missing_docs)]

use std::path::PathBuf;

use es_core::store::ReadAll;
use es_core::{Aggregate, Apply, Events, ExecuteOptions, Handle, Repository, StoreError, emit, event};
use es_sqlite::{OpenError, SqliteStore};
use sqlx::{Connection as _, SqliteConnection};
use uuid::Uuid;

#[event(name = "account.deposited")]
pub struct Deposited {
    pub cents: u64,
}

#[derive(Aggregate, Default, serde::Serialize, serde::Deserialize)]
#[aggregate(name = "account", id = String, events(Deposited), snapshot(every = 2))]
pub struct Account {
    cents: u64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

pub struct Deposit {
    pub cents: u64,
}

impl Handle<Deposit> for Account {
    type Error = std::convert::Infallible;

    fn handle(&self, command: &Deposit) -> Result<Events<Self>, Self::Error> {
        emit(Deposited { cents: command.cents })
    }
}

/// A folder that is removed at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("es-sqlite-test-{}", Uuid::now_v7()));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("bank.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[tokio::test]
async fn states_command_ledger_and_snapshots_survive_reopening() {
    let folder = Folder::new();
    let (id, command) = (String::from("1"), Uuid::now_v7());
    let deposit = || Deposit { cents: 5 };
    let options = || ExecuteOptions::new().command_id(command);
    {
        let store = SqliteStore::open(folder.file()).await.expect("a new file");
        let accounts = Repository::<Account, _>::new(store.clone());
        accounts.execute(&id, Deposit { cents: 2 }).await.expect("a deposit");
        accounts.execute_with(&id, deposit(), options()).await.expect("a deposit");
        drop(accounts);
        store.close().await.expect("closed");
        let error = store.end().await.expect_err("a closed store");
        assert!(matches!(error, StoreError::Closed), "{error}");
    }
    let store = SqliteStore::open(folder.file()).await.expect("the same file");
    let accounts = Repository::<Account, _>::new(store.clone());
    let repeated = accounts.execute_with(&id, deposit(), options()).await.expect("an outcome");
    assert!(repeated.repeated);
    assert_eq!(accounts.load(&id).await.expect("a state").state.cents, 7);
}

#[tokio::test]
async fn events_and_rows_of_the_caller_are_committed_together_or_not_at_all() {
    let store = SqliteStore::in_memory().await.expect("a store");
    let accounts = Repository::<Account, _>::new(store.clone());
    let id = String::from("1");
    accounts.register().await.expect("registered");
    for commits in [true, false] {
        let mut transaction = store.begin().await.expect("a transaction");
        let sql = "CREATE TABLE IF NOT EXISTS deposits (cents INTEGER) STRICT";
        sqlx::query(sql).execute(&mut *transaction).await.expect("a table");
        let sql = "INSERT INTO deposits (cents) VALUES (5)";
        sqlx::query(sql).execute(&mut *transaction).await.expect("a row");
        accounts
            .execute_in(&mut *transaction, &id, Deposit { cents: 5 }, ExecuteOptions::new())
            .await
            .expect("a deposit");
        if commits {
            transaction.commit().await.expect("committed");
        }
    }
    accounts.execute(&id, Deposit { cents: 1 }).await.expect("a deposit");
    assert_eq!(accounts.load(&id).await.expect("a state").state.cents, 6);
    let mut transaction = store.begin().await.expect("a transaction");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM deposits")
        .fetch_one(&mut *transaction)
        .await
        .expect("a count");
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn append_in_needs_an_open_transaction_on_the_same_file() {
    let (folder, other) = (Folder::new(), Folder::new());
    let store = SqliteStore::open(folder.file()).await.expect("a new file");
    let elsewhere = SqliteStore::open(other.file()).await.expect("a new file");
    let accounts = Repository::<Account, _>::new(store.clone());
    let id = String::from("1");
    accounts.register().await.expect("registered");
    let mut transaction = elsewhere.begin().await.expect("a transaction");
    let refused =
        accounts.execute_in(&mut *transaction, &id, Deposit { cents: 5 }, ExecuteOptions::new()).await;
    assert!(refused.is_err(), "a transaction on another file");
    drop(transaction);
    let url = format!("sqlite://{}", folder.file().display());
    let mut connection = SqliteConnection::connect(&url).await.expect("a connection");
    let refused =
        accounts.execute_in(&mut connection, &id, Deposit { cents: 5 }, ExecuteOptions::new()).await;
    let refused = refused.expect_err("no transaction is open").to_string();
    assert!(refused.contains("no open transaction"), "{refused}");
}

#[tokio::test]
async fn files_of_other_programs_are_left_unchanged() {
    let folder = Folder::new();
    std::fs::write(folder.file(), "a letter").expect("a file");
    let error = SqliteStore::open(folder.file()).await.expect_err("no database");
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(folder.file()).expect("the file"), b"a letter");

    std::fs::remove_file(folder.file()).expect("removed");
    let url = format!("sqlite://{}?mode=rwc", folder.file().display());
    let mut connection = SqliteConnection::connect(&url).await.expect("a connection");
    sqlx::query("CREATE TABLE letters (text TEXT)").execute(&mut connection).await.expect("a table");
    let before = std::fs::read(folder.file()).expect("the file");
    let error = SqliteStore::open(folder.file()).await.expect_err("another program's tables");
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(folder.file()).expect("the file"), before);
}

#[tokio::test]
async fn a_file_of_a_later_version_is_rejected() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file()).await.expect("a new file");
    let mut transaction = store.begin().await.expect("a transaction");
    sqlx::query("PRAGMA user_version = 1000").execute(&mut *transaction).await.expect("set");
    transaction.commit().await.expect("committed");
    store.close().await.expect("closed");
    let error = SqliteStore::open(folder.file()).await.expect_err("a later version");
    assert!(matches!(error, OpenError::Newer { found: 1000, .. }), "{error}");
}

#[tokio::test]
async fn a_store_in_memory_leaves_nothing_behind() {
    let store = SqliteStore::in_memory().await.expect("a store");
    let mut transaction = store.begin().await.expect("a transaction");
    let file: String = sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
        .fetch_one(&mut *transaction)
        .await
        .expect("a path");
    assert!(std::path::Path::new(&file).exists());
    drop(transaction);
    drop(store);
    assert!(!std::path::Path::new(&file).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_stores_that_create_one_file_at_once_share_it() {
    let folder = Folder::new();
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let file = folder.file();
        opening.spawn(async move {
            let store = SqliteStore::open(file).await.expect("the file");
            let accounts = Repository::<Account, _>::new(store);
            accounts.execute(&String::from("1"), Deposit { cents: 1 }).await.expect("a deposit");
        });
    }
    opening.join_all().await;
    let store = SqliteStore::open(folder.file()).await.expect("the file");
    let accounts = Repository::<Account, _>::new(store);
    assert_eq!(accounts.load(&String::from("1")).await.expect("a state").state.cents, 10);
}

//! Other programs that hold the lock on the file.

use std::time::{Duration, Instant};

use es_core::store::{Append, AppendIn, ReadAll};
use es_core::{EventStore, Revision, StoreError};
use es_sqlite::{OpenError, SqliteStore};
use tokio::task::JoinSet;

use crate::support::{
    Folder, all, another_program, append, begun, noted, payloads, revision, stream, until, written,
};

const SHORT: Duration = Duration::from_millis(300);

async fn impatient(folder: &Folder) -> SqliteStore {
    SqliteStore::options(folder.file()).busy_timeout(SHORT).open().await.expect("a store")
}

#[tokio::test]
async fn a_file_locked_by_another_program_is_unavailable_and_nothing_is_half_written() {
    let folder = Folder::new();
    let store = impatient(&folder).await;
    written(&store, 1, 0, "before").await;
    let mut other = another_program(&folder.file()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("the lock");
    let begun = Instant::now();
    let error = append(&store, 1, 1, "meanwhile").await.expect_err("the file is locked");
    assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error}");
    assert!(begun.elapsed() >= SHORT, "it waited");
    assert_eq!(payloads(&store, 1).await, ["before"], "readers wait for nobody");
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("the end");
    written(&store, 1, 1, "after").await;
    assert_eq!(all(&store).await, ["before", "after"]);
}

#[tokio::test]
async fn a_writer_waits_for_one_in_another_program() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file()).await.expect("a store");
    let mut other = another_program(&folder.file()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("the lock");
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { append(&store, 1, 0, "1").await }
    });
    // For as long as another writer waits in vain.
    append(&impatient(&folder).await, 2, 0, "2").await.expect_err("the file is locked");
    assert!(!waiting.is_finished());
    sqlx::query("COMMIT").execute(&mut other).await.expect("the end");
    let outcome = waiting.await.expect("no panic").expect("an append");
    assert!(matches!(outcome, es_core::store::AppendOutcome::Appended(_)), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_file_write_one_stream_without_gaps() {
    let folder = Folder::new();
    let stores = [
        SqliteStore::open(folder.file()).await.expect("a store"),
        SqliteStore::open(folder.file()).await.expect("a store"),
    ];
    let mut writers = JoinSet::new();
    for (number, store) in stores.iter().cloned().enumerate() {
        writers.spawn(async move {
            let mut done = 0;
            while done < 50 {
                let expected = revision(&store, 1).await;
                let outcome = append(&store, 1, expected, &format!("{number}/{done}")).await;
                done += u32::from(matches!(outcome, Ok(es_core::store::AppendOutcome::Appended(_))));
            }
        });
    }
    writers.join_all().await;
    for store in &stores {
        let mut found = payloads(store, 1).await;
        assert_eq!(found.len(), 100);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 100, "each once");
    }
}

/// The cached names and numbers of a writer are current, although another writer may have changed them.
#[tokio::test]
async fn what_another_store_has_written_is_known_before_the_next_write() {
    let folder = Folder::new();
    let one = SqliteStore::open(folder.file()).await.expect("a store");
    let other = SqliteStore::open(folder.file()).await.expect("a store");
    written(&one, 1, 0, "a").await;
    other.rename_category("konto", &["account"]).await.expect("renamed");
    written(&other, 2, 0, "b").await;
    written(&one, 3, 0, "c").await;
    written(&other, 4, 0, "d").await;
    written(&one, 2, 1, "e").await;
    assert_eq!(all(&one).await, ["a", "b", "c", "d", "e"]);
    let konto = es_core::StreamId::new("konto", "2").expect("a stream");
    let conflict = one.append(Append::new(&konto, Revision::EMPTY, &[noted("f")])).await.expect("no error");
    assert_eq!(conflict, es_core::store::AppendOutcome::Conflict { actual: Revision::new(2) });
}

#[tokio::test]
async fn a_listener_is_notified_of_writes_by_another_program() {
    let folder = Folder::new();
    let here = SqliteStore::open(folder.file()).await.expect("a store");
    let there = SqliteStore::open(folder.file()).await.expect("a store");
    written(&here, 1, 0, "a").await;
    let mut listener = here.listen();
    // The first poll only records the current state, and may come after an event.
    let heard = tokio::spawn(async move { listener.rung().await });
    let mut number = 1;
    until("a ring", async || {
        written(&there, 1, number, "b").await;
        number += 1;
        heard.is_finished()
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_stays_open_times_out_writers_and_blocks_no_reader() {
    let folder = Folder::new();
    let store = impatient(&folder).await;
    written(&store, 1, 0, "before").await;
    let transaction = begun(&store).await;
    let mut waiting = JoinSet::new();
    for key in 2..10 {
        let store = store.clone();
        waiting.spawn(async move { append(&store, key, 0, "meanwhile").await });
    }
    for outcome in waiting.join_all().await {
        let error = outcome.expect_err("the turn is somebody else's");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    }
    assert_eq!(all(&store).await, ["before"]);
    drop(transaction);
    written(&store, 1, 1, "after").await;
    assert_eq!(all(&store).await, ["before", "after"], "what was given up is not written later");
}

/// A transaction that has read, and writes after another writer did: no timeout waits for it.
#[tokio::test]
async fn a_read_transaction_that_becomes_a_write_fails_at_once() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file()).await.expect("a store");
    written(&store, 1, 0, "a").await;
    let mut own = another_program(&folder.file()).await;
    let mut transaction = sqlx::Connection::begin(&mut own).await.expect("a transaction");
    sqlx::query("SELECT count(*) FROM events").execute(&mut *transaction).await.expect("a read");
    written(&store, 1, 1, "b").await;
    let (stream, events) = (stream(2), [noted("c")]);
    let begun = Instant::now();
    let append = Append::new(&stream, Revision::EMPTY, &events);
    let error = store.append_in(&mut *transaction, append).await.expect_err("it reads an old state");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(4), "waiting does not help");
    drop(transaction);
    assert_eq!(all(&store).await, ["a", "b"]);
}

#[tokio::test]
async fn a_file_that_stays_locked_cannot_be_opened_and_the_error_tells() {
    let folder = Folder::new();
    let mut other = unmarked_database(&folder).await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.expect("the lock");
    let error = SqliteStore::options(folder.file()).busy_timeout(SHORT).open().await.expect_err("locked");
    assert!(matches!(error, OpenError::Locked { .. }) && error.is_retryable(), "{error}");
}

/// An empty database without an application id.
async fn unmarked_database(folder: &Folder) -> sqlx::SqliteConnection {
    use std::str::FromStr as _;
    let url = format!("sqlite://{}", folder.file().display());
    let options =
        sqlx::sqlite::SqliteConnectOptions::from_str(&url).expect("options").create_if_missing(true);
    sqlx::ConnectOptions::connect(&options).await.expect("a connection")
}

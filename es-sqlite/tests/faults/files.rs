//! Files that were deleted, replaced or changed, while they were open or not.

use std::fs;
use std::path::Path;

use es_core::store::{AllQuery, Checkpoint, Filter, ReadAll, StreamRange};
use es_core::{EventStore, StoreError};
use es_sqlite::{OpenError, SqliteStore};

use crate::support::{Folder, all, another_program, append, payloads, stream, written};

async fn filled(file: &Path) -> SqliteStore {
    let store = SqliteStore::open(file).await.expect("a store");
    for number in 0..50 {
        written(&store, number % 5, number / 5, &format!("note {number} {}", "x".repeat(200))).await;
    }
    store
}

#[tokio::test]
async fn a_file_that_was_deleted_or_replaced_while_open_is_reported() {
    let folder = Folder::new();
    let other = folder.path().join("other.db");
    filled(&other).await.close().await.expect("closed");
    for replaced in [false, true] {
        let file = folder.path().join(format!("{replaced}.db"));
        let store = filled(&file).await;
        fs::rename(&file, folder.path().join("away.db")).expect("moved");
        if replaced {
            fs::copy(&other, &file).expect("another file");
        }
        let error = append(&store, 1, 10, "lost").await.expect_err("the file is gone");
        assert!(matches!(error, StoreError::Setup { .. }), "{error}");
        let error = store.read_stream(&stream(1), StreamRange::ALL, &mut |_| Ok(())).await;
        assert!(matches!(error, Err(StoreError::Setup { .. })), "{error:?}");
        if !replaced {
            fs::rename(folder.path().join("away.db"), &file).expect("moved back");
            written(&store, 1, 10, "found").await;
        }
    }
}

#[tokio::test]
async fn a_file_that_is_opened_read_only_is_readable() {
    let folder = Folder::new();
    filled(&folder.file()).await.close().await.expect("closed");
    let store = SqliteStore::options(folder.file()).read_only(true).open().await.expect("a reader");
    assert_eq!(all(&store).await.len(), 50);
    let error = append(&store, 1, 10, "never").await.expect_err("only for reading");
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    let error = store.begin().await.expect_err("only for reading");
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    let missing = SqliteStore::options(folder.path().join("none.db")).read_only(true).open().await;
    assert!(matches!(missing, Err(OpenError::Folder { .. })), "{missing:?}");
}

#[tokio::test]
async fn a_missing_folder_is_an_error_at_opening() {
    let folder = Folder::new();
    let error = SqliteStore::open(folder.path().join("none/bank.db")).await.expect_err("no folder");
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}

/// For every byte of an event's row: if it is changed, the event is reported as damaged, or reads as it was
/// written.
#[tokio::test]
async fn an_event_with_a_changed_byte_is_reported_and_never_misread() {
    let folder = Folder::new();
    let store = filled(&folder.file()).await;
    store.checkpoint().await.expect("a checkpoint");
    let as_written = all(&store).await;
    store.close().await.expect("closed");
    let bytes = fs::read(folder.file()).expect("the file");
    let payload = |number: usize| {
        let text = format!("\"note {number} ");
        bytes.windows(text.len()).position(|window| window == text.as_bytes()).expect("its payload")
    };
    let mut told = 0;
    for number in [3, 17, 30] {
        // The header and the columns before the payload, and its first bytes.
        for at in payload(number) - 70..payload(number) + 20 {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let file = folder.path().join("changed.db");
            fs::write(&file, &changed).expect("written");
            let store = SqliteStore::open(&file).await.expect("a store");
            let (filter, mut found) = (Filter::new(), Vec::new());
            let mut take = |raw: es_core::record::RawEvent<'_>| {
                found.push(serde_json::from_slice::<String>(raw.payload).expect("a text"));
                Ok(())
            };
            let read = store.read_all(AllQuery::after(Checkpoint::START, &filter), &mut take).await;
            match read {
                Ok(_) => assert_eq!(found, as_written, "byte {at}"),
                Err(StoreError::DamagedEvent { .. }) => told += 1,
                Err(other) => panic!("byte {at}: {other}"),
            }
            assert!(as_written.starts_with(&found), "byte {at}");
            store.close().await.expect("closed");
            fs::remove_file(&file).expect("removed");
        }
    }
    assert!(told > 150, "{told}");
}

#[tokio::test]
async fn a_page_of_zeros_is_reported() {
    let folder = Folder::new();
    let store = filled(&folder.file()).await;
    store.checkpoint().await.expect("a checkpoint");
    let as_written = payloads(&store, 1).await;
    store.close().await.expect("closed");
    let bytes = fs::read(folder.file()).expect("the file");
    let mut told = 0;
    for page in 1..bytes.len() / 4096 {
        let mut changed = bytes.clone();
        changed[page * 4096..(page + 1) * 4096].fill(0);
        let file = folder.path().join("changed.db");
        fs::write(&file, &changed).expect("written");
        let Ok(store) = SqliteStore::open(&file).await else {
            told += 1;
            continue;
        };
        let mut found = Vec::new();
        let mut take = |raw: es_core::record::RawEvent<'_>| {
            found.push(serde_json::from_slice::<String>(raw.payload).expect("a text"));
            Ok(())
        };
        match store.read_stream(&stream(1), StreamRange::ALL, &mut take).await {
            Ok(()) => assert_eq!(found, as_written, "page {page}"),
            Err(_) => told += 1,
        }
        store.close().await.expect("closed");
    }
    assert!(told > 0);
}

#[tokio::test]
async fn a_backup_is_the_store_as_of_one_moment_and_nothing_else_is_overwritten() {
    let folder = Folder::new();
    let store = filled(&folder.file()).await;
    let copy = folder.path().join("copy.db");
    // Left by an interrupted backup.
    fs::write(folder.path().join("copy.db.part"), "half").expect("written");
    store.backup(&copy).await.expect("a backup");
    written(&store, 1, 10, "after").await;
    let error = store.backup(&copy).await.expect_err("it is there");
    assert!(matches!(error, StoreError::Setup { .. }), "{error}");
    let copy = SqliteStore::open(&copy).await.expect("a store");
    let verified = copy.verify().await.expect("an answer");
    assert!(verified.is_sound(), "{verified:?}");
    assert_eq!(verified.events, 50);
    assert_eq!(copy.end().await.expect("a head").position().get(), 50);
    let error = store.backup(folder.path().join("none/copy.db")).await.expect_err("no folder");
    assert!(matches!(error, StoreError::Setup { .. }), "{error}");
}

#[tokio::test]
async fn verify_finds_damage() {
    let folder = Folder::new();
    let store = filled(&folder.file()).await;
    assert!(store.verify().await.expect("an answer").is_sound());
    let mut other = another_program(&folder.file()).await;
    for statement in [
        "DROP TRIGGER events_are_not_deleted",
        "DELETE FROM events WHERE position = 20",
        "DROP TRIGGER events_are_not_updated",
        "UPDATE events SET recorded_at = 0 WHERE position = 30",
    ] {
        sqlx::query(statement).execute(&mut other).await.expect("no error");
    }
    let found = store.verify().await.expect("an answer");
    assert_eq!(found.problems.len(), 2, "{found:?}");
    let range = StreamRange::ALL;
    let read = store.read_stream(&stream(4), range, &mut |_| Ok(())).await;
    assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
}

#[tokio::test]
async fn events_cannot_be_changed_by_sql_statements() {
    let folder = Folder::new();
    let store = filled(&folder.file()).await;
    let mut other = another_program(&folder.file()).await;
    for statement in ["UPDATE events SET payload = '{}'", "DELETE FROM events", "DELETE FROM streams"] {
        let refused = sqlx::query(statement).execute(&mut other).await.expect_err("append-only");
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    let mut transaction = store.begin().await.expect("a transaction");
    let replace = "REPLACE INTO events SELECT position, stream, revision, id, type, recorded_at, occurred_at, \
                   correlation_id, causation_id, '{}', metadata, checksum FROM events WHERE position = 1";
    let refused = sqlx::query(replace).execute(&mut *transaction).await.expect_err("append-only");
    assert!(refused.to_string().contains("append-only"), "{refused}");
    drop(transaction);
    assert_eq!(all(&store).await.len(), 50);
}

#[tokio::test]
async fn a_log_left_by_a_crash_is_read() {
    let folder = Folder::new();
    let store = filled(&folder.file()).await;
    // The disk as after a crash: no connection has been closed.
    let crashed = folder.path().join("crashed.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", folder.file().display());
        fs::copy(from, format!("{}{suffix}", crashed.display())).expect("copied");
    }
    assert_eq!(all(&store).await.len(), 50);
    let store = SqliteStore::open(&crashed).await.expect("a store");
    assert_eq!(all(&store).await.len(), 50);
    written(&store, 1, 10, "after").await;
    assert_eq!(all(&store).await.len(), 51);
}

#[tokio::test]
async fn a_long_running_reader_keeps_the_log_and_a_checkpoint_reports_it() {
    let folder = Folder::new();
    let store = filled(&folder.file()).await;
    let mut reader = another_program(&folder.file()).await;
    sqlx::query("BEGIN").execute(&mut reader).await.expect("a transaction");
    sqlx::query("SELECT count(*) FROM events").execute(&mut reader).await.expect("a read");
    for number in 10..20 {
        written(&store, 1, number, "more").await;
    }
    let busy = store.checkpoint().await.expect("an answer");
    assert!(!busy.complete && busy.log_pages > busy.moved_pages, "{busy:?}");
    sqlx::query("COMMIT").execute(&mut reader).await.expect("the end");
    let done = store.checkpoint().await.expect("an answer");
    assert!(done.complete, "{done:?}");
    let log = fs::metadata(format!("{}-wal", folder.file().display())).expect("the log").len();
    assert_eq!(log, 0);
}

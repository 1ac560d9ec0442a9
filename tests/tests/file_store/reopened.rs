//! After a file is opened again, it contains all that was acknowledged, or there is an error about what is
//! missing.

use std::fs::{self, File};
use std::sync::Arc;

use es_core::model::NewSnapshot;
use es_core::record::NewEvent;
use es_core::shape::Fingerprint;
use es_core::store::{
    Append, AppendOutcome, CloseStreams, CommandKey, CommandRecord, Decision, Load, LoadItem, Registration,
    Remembered,
};
use es_core::uuid::Uuid;
use es_core::{EventStore, Revision, StoreError, StreamId};

use crate::fixture::{append, events, payloads, reopen, stream};
use crate::folder::Folder;
use crate::log::OpenError;
use crate::store::FileStore;

const SHAPE: Fingerprint = Fingerprint::EMPTY.with("payload: i64\n");

const fn command(id: u128) -> CommandRecord<'static> {
    CommandRecord::new(CommandKey::new(Uuid::from_u128(id)).body_hash(Some(3)), "Note")
}

#[tokio::test]
async fn a_last_record_that_is_cut_anywhere_is_ignored() {
    let folder = Folder::new();
    let (whole, cut) = (folder.file("whole"), folder.file("cut"));
    let store = FileStore::open(&whole).expect("a new file");
    store.register(&[Registration::new("account.noted", 1)]).await.expect("registered");
    append(&store, "1", 0, &[1, 2]).await;
    let acknowledged = fs::read(&whole).expect("the file").len();
    let (one, two) = (stream("1"), stream("2"));
    let (more, others) = (events(&[3]), events(&[4, 5]));
    let batch = [Append::new(&one, Revision::new(2), &more), Append::new(&two, Revision::EMPTY, &others)];
    let outcomes = store.append_all(&batch).await.expect("appended");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_))));
    drop(store);

    let bytes = fs::read(&whole).expect("the file");
    for length in acknowledged..bytes.len() {
        fs::write(&cut, &bytes[..length]).expect("a part of it");
        let store = reopen(&cut).expect("only the last record is torn");
        assert_eq!(payloads(&store, "1").await, ["1", "2"], "cut at {length}");
        assert!(payloads(&store, "2").await.is_empty(), "cut at {length}");
        append(&store, "2", 0, &[6]).await;
        drop(store);
        let store = reopen(&cut).expect("it was mended");
        assert_eq!(payloads(&store, "2").await, ["6"], "cut at {length}");
    }
    let store = reopen(&whole).expect("the whole file");
    assert_eq!(payloads(&store, "1").await, ["1", "2", "3"]);
    assert_eq!(payloads(&store, "2").await, ["4", "5"]);
}

#[tokio::test]
async fn everything_except_events_is_restored_as_well() {
    let folder = Folder::new();
    let path = folder.file("events");
    let (one, other) = (stream("1"), StreamId::new("konto", "1").expect("a valid key"));
    let snapshot = NewSnapshot::new(one.clone(), Revision::new(1), SHAPE, b"1".to_vec());
    let numbers = events(&[1]);
    let with_command = Append::new(&one, Revision::EMPTY, &numbers).command(Some(command(1)));
    let decision = Decision::rejected(&one, Revision::new(1), command(2));
    {
        let store = FileStore::open(&path).expect("a new file");
        let shape = Registration::new("account.noted", 1).fingerprint(SHAPE);
        store.register(&[shape, Registration::new("account.was", 1).former(true)]).await.expect("known");
        store.rename_category("account", &["konto"]).await.expect("renamed");
        assert!(matches!(store.append(with_command).await, Ok(AppendOutcome::Appended(_))));
        assert_eq!(store.remember(decision).await.expect("no error"), Remembered::Kept);
        store.save_snapshot(snapshot).await.expect("kept");
        append(&store, "2", 0, &[7]).await;
        assert!(store.close_stream(&one, Revision::new(1)).await.expect("no error"));
    }
    let store = reopen(&path).expect("the file");
    let mut items = Vec::new();
    let mut take = |item: LoadItem<'_>| {
        items.push(format!("{item:?}"));
        Ok(())
    };
    let load = Load::all(&other).snapshot(Some(SHAPE)).command_id(Some(Uuid::from_u128(2)));
    let head = store.load(load, &mut take).await.expect("a load");
    assert_eq!(items, ["Snapshot { revision: Revision(1), state: [49] }"]);
    assert!(head.closed && head.command.is_some_and(|outcome| outcome.rejected));
    assert!(
        matches!(store.append(with_command).await, Ok(AppendOutcome::Repeated(outcome)) if outcome.count == 1)
    );
    assert!(matches!(store.remember(decision).await, Ok(Remembered::Repeated(_))));
    let another = Registration::new("account.noted", 1).fingerprint(SHAPE.with("another"));
    assert!(matches!(store.register(&[another]).await, Err(StoreError::SchemaConflict { .. })));
    let (two, was) = (stream("2"), [NewEvent::new("account.was", 1, b"1".to_vec(), Arc::default())]);
    let copied = store.append_all(&[Append::new(&two, Revision::new(1), &was)]).await.expect("known");
    assert!(matches!(copied[..], [AppendOutcome::Appended(_)]), "{copied:?}");
}

#[tokio::test]
async fn a_file_has_one_writer() {
    let folder = Folder::new();
    let path = folder.file("events");
    let store = FileStore::open(&path).expect("a new file");
    let error = FileStore::open(&path).err().expect("it is in use");
    assert!(matches!(&error, OpenError::InUse { path: of } if *of == path), "{error}");
    let the_same = store.clone();
    drop(store);
    assert!(FileStore::open(&path).is_err(), "a clone is the same store");
    drop(the_same);
    reopen(&path).expect("it was given back");
}

#[tokio::test]
async fn after_a_write_that_failed_nothing_is_written_until_the_file_is_opened_again() {
    let folder = Folder::new();
    let path = folder.file("events");
    let store = FileStore::open(&path).expect("a new file");
    append(&store, "1", 0, &[1]).await;
    // Not open for writing, so that every write fails.
    store.content().log.turn_to(File::open(&path).expect("the file"));
    let (stream, more) = (stream("1"), events(&[2]));
    let append_more = || store.append(Append::new(&stream, Revision::new(1), &more));
    let error = append_more().await.expect_err("it cannot be written");
    assert!(matches!(error, StoreError::OutcomeUnknown { .. }) && !error.is_retryable(), "{error}");
    let error = append_more().await.expect_err("it may be half-written");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert_eq!(payloads(&store, "1").await, ["1"]);
    drop(store);
    append(&reopen(&path).expect("the file"), "1", 1, &[2]).await;
}

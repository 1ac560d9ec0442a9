//! A file that something else has written to: each reader gets an error, and nothing is skipped.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use es_core::model::NewSnapshot;
use es_core::shape::Fingerprint;
use es_core::store::{AllQuery, Checkpoint, Filter, Load, LoadItem, ReadAll, StreamRange};
use es_core::{EventStore, Revision, StoreError};

use crate::fixture::{append, reopen, stream};
use crate::folder::Folder;
use crate::log::OpenError;
use crate::store::FileStore;

const SHAPE: Fingerprint = Fingerprint::EMPTY.with("payload: i64\n");

#[tokio::test]
async fn each_changed_byte_is_reported_and_nothing_is_cut_off() {
    let folder = Folder::new();
    let path = folder.file("events");
    let store = FileStore::open(&path).expect("a new file");
    append(&store, "1", 0, &[1]).await;
    let second = fs::read(&path).expect("the file").len();
    append(&store, "1", 1, &[2]).await;
    drop(store);

    let bytes = fs::read(&path).expect("the file");
    for at in 0..bytes.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            fs::write(&path, &changed).expect("the file");
            let error = reopen(&path).err().expect("it is damaged");
            let OpenError::Damaged(StoreError::DamagedEvent { position, .. }) = &error else {
                panic!("byte {at}: {error}")
            };
            assert_eq!(position.get(), if at < second { 1 } else { 2 }, "byte {at}: {error}");
            assert_eq!(fs::read(&path).expect("the file"), changed, "left as it is");
        }
    }
    // A record that is missing, with all its bytes.
    fs::write(&path, &bytes[second..]).expect("the file");
    let error = reopen(&path).err().expect("it is damaged");
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
}

#[test]
fn a_file_of_another_program_is_left_unchanged() {
    let folder = Folder::new();
    let path = folder.file("notes");
    for text in ["h", "hello", "00000017-", "twenty seven bytes and more of text"] {
        fs::write(&path, text).expect("the file");
        let error = reopen(&path).err().expect("no record");
        assert!(matches!(error, OpenError::Damaged(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("the file"), text);
    }
}

#[tokio::test]
async fn a_byte_that_changes_while_the_store_is_open_is_reported_by_each_reader() {
    let folder = Folder::new();
    let path = folder.file("events");
    let store = FileStore::open(&path).expect("a new file");
    append(&store, "1", 0, &[1]).await;
    let file = OpenOptions::new().write(true).open(&path).expect("the file");
    file.write_all_at(b"x", 0).expect("a byte");
    let is_told =
        |error: StoreError| matches!(error, StoreError::DamagedEvent { position, .. } if position.get() == 1);
    let (id, all) = (stream("1"), Filter::new());
    let read = store.read_stream(&id, StreamRange::ALL, &mut |_| Ok(())).await;
    assert!(is_told(read.expect_err("it is damaged")));
    assert!(is_told(store.load(Load::all(&id), &mut |_| Ok(())).await.expect_err("it is damaged")));
    let query = AllQuery::after(Checkpoint::START, &all);
    let read = store.read_all(query, &mut |_| Ok(())).await;
    assert!(is_told(read.expect_err("it is damaged")));
}

#[tokio::test]
async fn if_a_snapshot_was_changed_all_events_are_read() {
    let folder = Folder::new();
    let path = folder.file("events");
    let store = FileStore::open(&path).expect("a new file");
    append(&store, "1", 0, &[1, 2]).await;
    let before = fs::read(&path).expect("the file").len() as u64;
    let snapshot = NewSnapshot::new(stream("1"), Revision::new(1), SHAPE, b"1".to_vec());
    store.save_snapshot(snapshot).await.expect("kept");
    let load = async || {
        let (id, mut items) = (stream("1"), Vec::new());
        let mut take = |item: LoadItem<'_>| {
            items.push(matches!(item, LoadItem::Event(_)));
            Ok(())
        };
        store.load(Load::all(&id).snapshot(Some(SHAPE)), &mut take).await.expect("a load");
        items
    };
    assert_eq!(load().await, [false, true]);
    let file = OpenOptions::new().write(true).open(&path).expect("the file");
    file.write_all_at(b"x", before).expect("a byte");
    assert_eq!(load().await, [true, true]);
}

//! Full and failing disks.

use std::env;
use std::process::Command;

use es_core::StoreError;
use es_core::store::AppendOutcome;
use es_sqlite::{OpenError, SqliteStore};

use crate::support::{Folder, all, append, payloads, revision, written};

/// A disk of a few megabytes, if this user may create one.
struct Disk(Folder);

impl Disk {
    fn new() -> Option<Self> {
        let folder = Folder::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "es-sqlite"])
            .arg(folder.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).output());
    }
}

#[tokio::test]
async fn a_full_disk_is_reported_and_acknowledged_events_stay() {
    let Some(disk) = Disk::new() else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let store = SqliteStore::open(disk.0.file()).await.expect("a store");
    let large = "x".repeat(50_000);
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).expect("room for it");
    let mut acknowledged = 0;
    let error = loop {
        match append(&store, 1, acknowledged, &large).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000, "the disk is never full");
    };
    assert!(matches!(error, StoreError::Backend { retryable: true, .. }), "{error}");
    assert!(error.to_string().contains("room on the disk"), "{error}");
    assert_eq!(revision(&store, 1).await, acknowledged);
    std::fs::remove_file(&ballast).expect("room");
    written(&store, 1, acknowledged, "after").await;
    let found = payloads(&store, 1).await;
    assert_eq!(found.len() as u64, acknowledged + 1);
    store.close().await.expect("closed");
    let store = SqliteStore::open(disk.0.file()).await.expect("a store");
    assert_eq!(all(&store).await, found);
}

const FILE: &str = "ES_SQLITE_LIMITED_FILE";

/// Not a test by itself: the program that another test starts with a limit on the size of files. A write
/// beyond it fails like one on a broken disk.
#[tokio::test]
async fn program() {
    let Ok(file) = env::var(FILE) else { return };
    let store = SqliteStore::open(file).await.expect("a store");
    let large = "x".repeat(20_000);
    for number in 0..200 {
        let said = match append(&store, 1, revision(&store, 1).await, &large).await {
            Ok(AppendOutcome::Appended(_)) => "written",
            Ok(_) => "conflict",
            Err(StoreError::OutcomeUnknown { .. }) => "unknown",
            Err(StoreError::Unavailable { .. }) => "unwritten",
            Err(_) => "failed",
        };
        println!("\n{said} {number}");
    }
}

#[tokio::test]
async fn a_failed_commit_is_never_acknowledged_and_the_store_keeps_working() {
    let folder = Folder::new();
    let program = env::current_exe().expect("a path");
    // Blocks of 512 bytes: 600 kB. The signal of the limit would end the program.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1200; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["disks::program", "--exact", "--nocapture", "--test-threads=1"])
        .env(FILE, folder.file())
        .output()
        .expect("a program");
    let said = String::from_utf8_lossy(&output.stdout);
    let count = |word: &str| said.lines().filter(|line| line.starts_with(word)).count();
    assert!(count("written") > 5 && count("unknown") + count("unwritten") + count("failed") > 5, "{said}");
    assert_eq!(count("conflict"), 0, "{said}");
    let store = SqliteStore::open(folder.file()).await.expect("a store");
    let found = payloads(&store, 1).await.len();
    assert!(found >= count("written") && found <= count("written") + count("unknown"), "{found}: {said}");
    assert!(store.verify().await.expect("an answer").is_sound());
    written(&store, 1, found as u64, "after").await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_an_error_at_opening() {
    let Some(disk) = Disk::new() else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let store = SqliteStore::open(disk.0.file()).await.expect("a store");
    written(&store, 1, 0, "before").await;
    store.close().await.expect("closed");
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.0.path()).status();
    assert!(remounted.is_ok_and(|status| status.success()));
    let error = SqliteStore::open(disk.0.file()).await.expect_err("it cannot be written");
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
    assert!(error.to_string().contains("able to write"), "{error}");
    let error = SqliteStore::open(disk.0.path().join("new.db")).await.expect_err("it cannot be made");
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
    match SqliteStore::options(disk.0.file()).read_only(true).open().await {
        Ok(store) => assert_eq!(all(&store).await, ["before"]),
        Err(error) => assert!(matches!(error, OpenError::Folder { .. }), "{error}"),
    }
}

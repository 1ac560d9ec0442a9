//! A disk without room.

use std::process::Command;

use es_core::StoreError;
use es_sqlite::SqliteStore;

use crate::support::{Folder, all, append, payloads, revision, written};

/// A disk of a few megabytes, if this user may make one.
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
async fn a_full_disk_is_told_and_what_was_acknowledged_stays() {
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

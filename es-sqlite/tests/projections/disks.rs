//! What happens to a model when its disk is full, or when its events were restored from a backup.

use std::path::Path;
use std::process::Command;

use es_core::StoreError;
use es_core::projection::ProjectorError;
use es_sqlite::{Projector, SqliteTarget};

use crate::support::*;

/// A disk of 16 megabytes.
struct Disk(Folder);

impl Disk {
    fn new() -> Self {
        let folder = Folder::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "es-sqlite"])
            .arg(folder.path())
            .output()
            .expect("`mount` runs");
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(
            mounted.status.success(),
            "a full disk is tested on a file system of its own, as root: {said}"
        );
        Self(folder)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).output());
    }
}

/// The events are on another disk, and are not affected.
#[tokio::test]
async fn a_model_on_a_full_disk_resumes_once_there_is_room() {
    let (folder, disk) = (Folder::new(), Disk::new());
    let store = folder.store().await;
    deposit(&store, "a", 1).await;
    let target = SqliteTarget::<Balances>::file(disk.0.file());
    let projector = Projector::with_target(store.clone(), Balances, target.clone()).page_size(50);
    projector.catch_up().await.expect("there is room");
    let ballast = disk.0.path().join("ballast");
    drop(std::fs::write(&ballast, vec![0; 16 << 20]));
    for number in 0..2_000 {
        deposit(&store, &format!("account {number} {}", "x".repeat(200)), 1).await;
    }
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    until("it fails", async || running.is_finished() || projector.retrying().is_some()).await;
    assert!(!running.is_finished(), "what passes is tried again: {:?}", running.await);
    let retrying = projector.retrying().expect("what passes is tried again");
    assert!(retrying.error.contains("disk"), "{}", retrying.error);
    std::fs::remove_file(&ballast).expect("room");
    let all = async || projector.status().await.is_ok_and(|status| status.lag_events() == 0);
    until("it continues", all).await;
    running.abort();
    let mut db = target.read().await.expect("a model");
    let found = balances(&mut db).await;
    assert_eq!((found.len(), found.iter().map(|row| row.2).sum::<i64>()), (2_001, 2_001));
}

/// The file of the events was replaced by an older copy, which has grown since.
#[tokio::test]
async fn a_model_whose_events_were_restored_reports_it_and_projects_nothing() {
    let folder = Folder::new();
    let (store, backup) = (folder.store().await, folder.path().join("backup.db"));
    deposit(&store, "a", 1).await;
    store.backup(&backup).await.expect("a backup");
    deposit(&store, "a", 10).await;
    deposit(&store, "b", 10).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("all events");
    store.close().await.expect("closed");
    replace(&folder.file(), &backup);
    let store = folder.store().await;
    let projector = Projector::new(store.clone(), Balances);
    let error = projector.catch_up().await.expect_err("the checkpoint is not in this history");
    assert!(matches!(error, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{error}");
    for _ in 0..3 {
        deposit(&store, "c", 100).await;
    }
    let error = projector.catch_up().await.expect_err("nor after it has grown");
    assert!(matches!(error, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{error}");
    let mut db = open(folder.model(1)).await;
    assert_eq!(balances(&mut db).await, [row("a", 11, 2), row("b", 10, 1)]);
}

fn replace(file: &Path, by: &Path) {
    for suffix in ["-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{suffix}", file.display())));
    }
    std::fs::rename(by, file).expect("replaced");
}

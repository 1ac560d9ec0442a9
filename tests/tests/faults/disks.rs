//! Full disks. Failed writes are reported, and everything continues once there is room again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use es_core::{ExecuteError, StoreError};
use es_postgres::{OnFailure, PostgresStore};
use sqlx::PgConnection;

use crate::support::*;

/// A small disk, which only root can mount.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: PathBuf, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(&folder).expect("a folder");
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "es-faults"]).arg(&folder).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder)),
            _ => {
                eprintln!("not tested: nothing can be mounted here");
                None
            }
        }
    }

    /// Fills the disk, except for so many bytes.
    fn fill(&self, but_for: u64) {
        let available = Command::new("df").args(["--output=avail", "-B1"]).arg(&self.0).output().expect("df");
        let available = String::from_utf8(available.stdout).expect("text");
        let available: u64 =
            available.lines().last().and_then(|line| line.trim().parse().ok()).expect("bytes");
        let length = available.saturating_sub(but_for).to_string();
        run("fallocate", &["--length", &length, self.filler().to_str().expect("a path")]);
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).expect("the file is ours");
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

/// A store, and a disk of 16 MiB with the tablespace `small`.
async fn with_small_disk(host: &Host) -> Option<(Disk, PostgresStore, PgConnection)> {
    let disk = Disk::mount(host.folder.join("disk"), 16)?;
    let space = disk.path().join("space");
    fs::create_dir(&space).expect("a folder");
    give_to_server(&space, host);
    let store = PostgresStore::migrate(host.url()).await.expect("a store");
    let mut db = connect(host.url()).await;
    sql(&mut db, &format!("CREATE TABLESPACE small LOCATION '{}'", space.display())).await;
    Some((disk, store, db))
}

/// Deposits until the disk is full; returns the sum.
async fn deposit_until_full(accounts: &Accounts, account: &String) -> i64 {
    for deposited in 0.. {
        match accounts.execute(account, Deposit(1)).await {
            Ok(_) => {}
            Err(error) => {
                let ExecuteError::Store(StoreError::Unavailable { .. }) = &error else { panic!("{error:?}") };
                assert!(error.is_retryable() && error.to_string().contains("53100"), "{error}");
                return deposited;
            }
        }
    }
    unreachable!("the disk is small")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_appends_until_there_is_room() {
    let host = Host::start("").await;
    let Some((disk, store, mut db)) = with_small_disk(&host).await else { return };
    sql(
        &mut db,
        "ALTER TABLE es.events SET TABLESPACE small; ALTER INDEX es.events_pkey SET TABLESPACE small;
         ALTER INDEX es.events_position SET TABLESPACE small",
    )
    .await;
    let accounts = accounts(&store).with_retry(es_core::Retry::default().times(1));
    let (a, b) = (String::from("a"), String::from("b"));
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    disk.fill(24 << 10);
    let deposited = 1 + deposit_until_full(&accounts, &a).await;
    // Single and batched, on an existing stream and on a new one.
    let together = (0..16).map(|nth| {
        let (accounts, account) =
            (accounts.clone(), if nth % 2 == 0 { a.clone() } else { format!("b{nth}") });
        tokio::spawn(async move { accounts.execute(&account, Deposit(1)).await })
    });
    let mut written = 0;
    for outcome in together.collect::<Vec<_>>() {
        match outcome.await.expect("no panic") {
            // The rest of a page can still hold a row.
            Ok(_) => written += 1,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    assert!(written < 16, "the disk is full");
    assert!(accounts.load(&a).await.expect("reads still work").state.cents >= deposited);
    assert!(holds(&mut db, CONTIGUOUS).await);
    let events = number(&mut db, "SELECT count(*) FROM es.events").await;
    assert_eq!(events, deposited + written);

    disk.make_room();
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    accounts.execute(&b, Deposit(1)).await.expect("a deposit");
    assert!(holds(&mut db, CONTIGUOUS).await);
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, events + 2);
    projector(&store).catch_up().await.expect("all events");
    assert!(holds(&mut db, BALANCED).await);
    store.close().await;
}

/// There is nothing wrong with the events that the model has no room for.
#[tokio::test(flavor = "multi_thread")]
async fn a_projector_whose_disk_is_full_parks_nothing_and_continues_when_there_is_room() {
    let host = Host::start("").await;
    let Some((disk, store, mut db)) = with_small_disk(&host).await else { return };
    let projector = projector(&store).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("tables");
    sql(
        &mut db,
        "ALTER TABLE es_balances_1.balances SET TABLESPACE small;
         ALTER INDEX es_balances_1.balances_pkey SET TABLESPACE small",
    )
    .await;
    disk.fill(24 << 10);
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    let accounts = accounts(&store);
    for account in 0..400 {
        accounts.execute(&format!("a{account}"), Deposit(1)).await.expect("a deposit");
    }
    let is_full = "(SELECT error FROM es.checkpoints) LIKE '%No space left%'";
    until(&mut db, is_full).await;
    disk.make_room();
    until(&mut db, BALANCED).await;
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.dead_letters").await, 0);
    store.close().await;
    running.await.expect("no panic").expect("it ran until the store was closed");
}

/// A server that cannot write its WAL stops; acknowledged events are stored when it has room to start.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_for_lack_of_room_has_lost_nothing() {
    let folder = std::env::temp_dir().join(format!("es-faults-{}", es_core::uuid::Uuid::now_v7().simple()));
    let Some(disk) = Disk::mount(folder.clone(), 160) else { return };
    let mut host =
        Host::start_in(folder, "max_wal_size = '32MB'\nmin_wal_size = '32MB'\nwal_recycle = off").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let store = impatient(host.url()).connect().await.expect("a store");
    let accounts = accounts(&store).with_retry(es_core::Retry::default().times(0));
    let (a, mut deposited) = (String::from("a"), 0);
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    disk.fill(64 << 10);
    // Without this, the disk would be full after some megabytes of WAL.
    let mut db = connect(host.url()).await;
    let _no_room = sqlx::raw_sql("SELECT pg_switch_wal(); CHECKPOINT").execute(&mut db).await;
    while deposited < 100_000 {
        match accounts.execute(&a, Deposit(1)).await {
            Ok(_) => deposited += 1,
            Err(error) => {
                let unknown = matches!(error, ExecuteError::Store(StoreError::OutcomeUnknown { .. }));
                assert!(unknown || error.is_retryable(), "{error:?}");
                if std::os::unix::net::UnixStream::connect(host.socket()).is_err() {
                    break;
                }
            }
        }
    }
    disk.make_room();
    host.start_again().await;
    let mut db = connect(host.url()).await;
    assert!(holds(&mut db, CONTIGUOUS).await);
    let cents = accounts.load(&a).await.expect("an account").state.cents;
    // Some of those that were never answered may be stored.
    assert!(cents > deposited, "{cents}, and {deposited} were acknowledged");
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    store.close().await;
    drop((host, disk));
}

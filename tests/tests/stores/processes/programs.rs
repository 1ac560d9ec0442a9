//! Separate programs that run the process on one file, and that this one kills and stops.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use es_core::store::{AllQuery, Checkpoint, Filter, ReadAll};
use es_sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

use super::domain::{Charged, Reminded};
use super::{all_is_done, place_all, runner};

const FILE: &str = "ES_PROCESS_FILE";

/// What the other programs do.
#[tokio::test]
#[ignore = "run by the tests below, as a program of its own"]
async fn child() {
    let Ok(file) = std::env::var(FILE) else { return };
    let store = SqliteStore::open(file).await.expect("a file");
    runner(&store, &store).lease(Duration::from_millis(500)).run().await.expect("it runs");
}

/// A program, which is killed when it is dropped.
struct Program(Child);

impl Program {
    fn start(file: &Path) -> Self {
        let this = std::env::current_exe().expect("this program");
        let child = Command::new(this)
            .args(["--exact", "processes::programs::child", "--ignored"])
            .env(FILE, file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("another program"))
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL: no graceful shutdown. It may be stopped, or dead already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("processes")
        .join(format!("{test}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder is made");
    folder
}

/// How many commands have had their effect.
async fn effects(store: &SqliteStore) -> usize {
    let filter = Filter::new().event::<Charged>().event::<Reminded>();
    let query = AllQuery::after(Checkpoint::START, &filter).limit(10_000);
    store.read_all(query, &mut |_| Ok(())).await.expect("it reads").events
}

/// Waits for this number, for at most a minute.
async fn reach(store: &SqliteStore, wanted: usize) {
    let reached = async {
        while effects(store).await < wanted {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), reached).await.is_err() {
        panic!("the programs stand still at {} of {wanted}", effects(store).await);
    }
}

/// Stops a program when it holds no file lock, as nobody could write otherwise.
async fn stop_between_writes(program: &Program, file: &Path) {
    loop {
        program.signal("-STOP");
        if can_be_written(file.parent().expect("a folder")).await {
            return;
        }
        program.signal("-CONT");
    }
}

async fn can_be_written(folder: &Path) -> bool {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.to_string_lossy();
        if name.ends_with("-wal") || name.ends_with("-shm") {
            continue;
        }
        let options = SqliteConnectOptions::new().filename(&path).busy_timeout(Duration::from_millis(100));
        let mut db = options.connect().await.expect("a file");
        if db.execute("BEGIN IMMEDIATE").await.is_err() {
            return false;
        }
        db.execute("ROLLBACK").await.expect("it ends");
    }
    true
}

#[tokio::test]
async fn programs_that_are_killed_repeatedly_execute_each_command_once() {
    let file = folder("killed").join("events.db");
    let store = SqliteStore::open(&file).await.expect("a file");
    place_all(&store).await;
    for kill in 1..=12 {
        let program = Program::start(&file);
        // At a different point each time, including between two effects.
        reach(&store, kill * 5).await;
        drop(program);
    }
    runner(&store, &store).catch_up().await.expect("what is left is done");
    all_is_done(1, &store, &store).await;
}

#[tokio::test]
async fn a_program_that_was_suspended_beyond_its_lease_does_nothing_twice() {
    let file = folder("stopped").join("events.db");
    let store = SqliteStore::open(&file).await.expect("a file");
    place_all(&store).await;
    let stopped = Program::start(&file);
    reach(&store, 3).await;
    stop_between_writes(&stopped, &file).await;
    let other = Program::start(&file);
    reach(&store, 74).await;
    stopped.signal("-CONT");
    place_all(&store).await;
    reach(&store, 148).await;
    drop((stopped, other));
    runner(&store, &store).catch_up().await.expect("nothing is left");
    all_is_done(2, &store, &store).await;
}

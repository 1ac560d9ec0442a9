//! One of the programs under test: commands, appends, loads, a subscription and a projector, all
//! concurrently.

mod commands;
mod readers;
mod shared;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{Repository, StoreError};
use es_postgres::PostgresStore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::commands::Loose;
use self::shared::{PATIENCE, ProgramState, excused};
use crate::log::{Entry, Log};

/// The number of callers in a program.
const CALLERS: usize = 8;
/// The arguments of a program.
#[derive(Debug, clap::Args)]
pub(crate) struct Told {
    /// The address of the server.
    #[arg(long)]
    url: String,
    /// The folder of the logs.
    #[arg(long)]
    folder: PathBuf,
    /// The number of the program.
    #[arg(long)]
    number: usize,
    /// The seed of its random choices.
    #[arg(long)]
    seed: u64,
}

/// The log of a program.
pub(crate) fn log_of(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("program-{number}.log"))
}

/// The file whose presence tells the programs to end.
pub(crate) fn end_of(folder: &Path) -> PathBuf {
    folder.join("end")
}

pub(crate) async fn run(told: Told) {
    let path = log_of(&told.folder, told.number);
    let log = Log::open(&path).expect("a log");
    let store = loop {
        let options = PostgresStore::options(&told.url).connections(6).patience(Duration::from_secs(5));
        match timeout(PATIENCE, options.connect()).await {
            Ok(Ok(store)) => break store,
            Ok(Err(error)) => {
                let error = StoreError::from(error);
                if !excused(&error) {
                    log.write(&Entry::Violation(format!("connect: {error}")));
                }
            }
            Err(_) => {}
        }
        sleep(Duration::from_millis(100)).await;
    };
    let accounts = Repository::new(store.clone()).with_cache(100);
    let ending = AtomicBool::new(false);
    let program = Arc::new(ProgramState { url: told.url, store, accounts, log, ending });
    let mut random = fastrand::Rng::with_seed(told.seed);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(
            Arc::clone(&program).call(format!("{}-{caller}-{}", told.number, random.u32(..)), random.fork()),
        );
    }
    let follower = tokio::spawn(Arc::clone(&program).follow(path));
    let projecting = tokio::spawn(Arc::clone(&program).project());
    let end = end_of(&told.folder);
    while !end.exists() {
        sleep(Duration::from_millis(50)).await;
    }
    program.ending.store(true, Ordering::Release);
    while let Some(ended) = callers.join_next().await {
        ended.expect("no panic");
    }
    projecting.abort();
    let _aborted = projecting.await;
    program.excuse("catch up", program.projector().catch_up().await);
    follower.await.expect("no panic");
}

impl ProgramState {
    /// One caller: one call after the other.
    async fn call(self: Arc<Self>, name: String, mut random: fastrand::Rng) {
        let mut loose = Loose::new(&name);
        while !self.is_ending() {
            let cancelled_after = Duration::from_micros(random.u64(..20_000));
            match random.u32(..100) {
                0..45 => self.command(&mut random).await,
                45..50 => {
                    // The outcome of a cancelled call is unknown.
                    let _given_up = timeout(cancelled_after, self.move_money(&mut random, None)).await;
                }
                50..60 => self.in_transaction(&mut random).await,
                60..72 => self.read(&mut random).await,
                72..90 => self.loose(&mut loose, &mut random).await,
                90..96 => self.several(&mut random).await,
                _ => sleep(Duration::from_micros(random.u64(..30_000))).await,
            }
        }
    }
}

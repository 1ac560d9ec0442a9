//! Appends, commands, loads and catching up in one file, each against hand-written sqlx on the same tables;
//! on request also against a peer, and the import of a real file against PostgreSQL.
//!
//! `cargo run --release -p es-benches --bin sqlite` works in a folder under `target/`, and the figures depend
//! on its disk: each commit waits for it. Every case runs both sides in turn, several times; the result is
//! the median of the ratios.

mod append;
mod catch_up;
mod domain;
mod floor;
mod import;
mod load;
#[path = "../loans.rs"]
mod loans;
mod peer;
#[path = "../report.rs"]
mod report;
mod size;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use es_sqlite::SqliteStore;

use self::peer::Peer;

/// Any error, which ends the bench.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures es-sqlite against hand-written sqlx.
#[derive(Parser)]
struct Arguments {
    /// The seconds that one side of one case runs in each round.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// The number of rounds of both sides.
    #[arg(long, default_value_t = 7)]
    times: usize,
    /// Only the cases whose name contains this text.
    #[arg(long)]
    only: Option<String>,
    /// Where the files are created, in a folder that is removed afterwards.
    #[arg(long, default_value = "target/bench-sqlite")]
    folder: PathBuf,
    /// Also run this program of a peer in turn with ours, in appends of one event and commands: see
    /// benches/peers-sqlite.
    #[arg(long)]
    peer: Option<PathBuf>,
    /// Also import this file of loan applications (JSON lines, plain or gzip), into a file and into
    /// PostgreSQL.
    #[arg(long)]
    import: Option<PathBuf>,
    /// The `loans` program that imports the file.
    #[arg(long, default_value = "target/release/loans")]
    loans: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { seconds, times, only, folder, peer, import, loans } = Arguments::parse();
    // A folder of this run alone, as the given one may contain other files.
    let folder = folder.join(es_core::uuid::Uuid::now_v7().simple().to_string());
    std::fs::create_dir_all(&folder)?;
    let settings =
        Settings { folder, span: Duration::from_secs_f64(seconds), times: times.max(1), only, peer };
    let mut table = report::Table::new();
    append::run(&settings, &mut table).await?;
    load::run(&settings, &mut table).await?;
    catch_up::run(&settings, &mut table).await?;
    size::run(&settings, &mut table).await?;
    if let Some(file) = import {
        import::run(&settings, &loans::Loans { program: loans, file }, &mut table).await?;
    }
    table.print();
    Ok(std::fs::remove_dir_all(&settings.folder)?)
}

/// The settings of the cases.
pub(crate) struct Settings {
    folder: PathBuf,
    pub(crate) span: Duration,
    pub(crate) times: usize,
    only: Option<String>,
    peer: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.only.as_ref().is_none_or(|only| case.contains(only.as_str()))
    }

    /// A file of this name, in this run's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The peer's program on one of its cases, if there is one.
    pub(crate) fn peer(&self, case: &str, callers: u32) -> Result<Option<Peer>> {
        self.peer.as_deref().map(|program| Peer::start(self, program, case, callers)).transpose()
    }

    pub(crate) async fn store(&self, name: &str) -> Result<SqliteStore> {
        Ok(SqliteStore::open(self.file(name)).await?)
    }
}

/// The size of a database and its log.
pub(crate) fn bytes(file: &Path) -> Result<u64> {
    let log = file.with_extension("db-wal");
    let log = if log.exists() { std::fs::metadata(log)?.len() } else { 0 };
    Ok(std::fs::metadata(file)?.len() + log)
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn rate(count: i64, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}

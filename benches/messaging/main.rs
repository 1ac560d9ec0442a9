//! Reactors, processes, timers, publishing, and transactions over two aggregates, each against its floor on
//! the same store.
//!
//! `cargo run --release -p es-benches --bin messaging` starts PostgreSQL with fsync on in a folder under
//! `target/`, or uses `DATABASE_URL`; its files for SQLite are in a folder next to it, and NATS is the
//! server that `cargo xtask setup` has fetched. Every case runs both sides in turn, several times; the result
//! is the median of the ratios.

#![allow(clippy::future_not_send, reason = "a bench spawns no futures")]

mod domain;
mod fill;
mod postgres;
mod process;
mod publish;
mod reactor;
#[path = "../report.rs"]
mod report;
mod sqlite;
mod stores;
mod timers;
mod transaction;

use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;

use crate::stores::Stores;

/// Any error, which ends the bench.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures reactors, processes, timers, publishers and transactions.
#[derive(Parser)]
struct Arguments {
    /// The number of rounds of both sides.
    #[arg(long, default_value_t = 5)]
    times: usize,
    /// Only the cases whose name contains this text.
    #[arg(long)]
    only: Option<String>,
    /// The number of events, timers or transactions of each case, instead of its own number.
    #[arg(long)]
    size: Option<u64>,
    /// Where the files of SQLite are created, in a folder that is removed afterwards.
    #[arg(long, default_value = "target/bench-messaging")]
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { times, only, size, folder } = Arguments::parse();
    let settings = Settings { times: times.max(1), only, size };
    let mut table = report::Table::new();
    let postgres = postgres::Postgres::default();
    all(&postgres, &settings, &mut table).await?;
    let sqlite = sqlite::Sqlite::new(&folder)?;
    all(&sqlite, &settings, &mut table).await?;
    publish::run(&sqlite, &settings, &mut table).await?;
    table.print();
    Ok(())
}

async fn all(stores: &impl Stores, settings: &Settings, table: &mut report::Table) -> Result<()> {
    process::run(stores, settings, table).await?;
    timers::run(stores, settings, table).await?;
    reactor::run(stores, settings, table).await?;
    transaction::run(stores, settings, table).await
}

/// The settings of the cases.
pub(crate) struct Settings {
    pub(crate) times: usize,
    only: Option<String>,
    size: Option<u64>,
}

impl Settings {
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.only.as_ref().is_none_or(|only| case.contains(only.as_str()))
    }

    /// The size of a case.
    pub(crate) fn size(&self, by_default: u64) -> u64 {
        self.size.unwrap_or(by_default).max(1)
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn rate(count: u64, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}

/// Fails unless everything was done.
pub(crate) fn all_done(what: &str, done: u64, wanted: u64) -> Result<()> {
    if done == wanted { Ok(()) } else { Err(format!("{what}: {done} of {wanted}").into()) }
}

//! Appends, loads, projections and the import of a real file, each against hand-written sqlx on the same
//! tables.
//!
//! `cargo run --release -p es-benches --bin postgres` starts PostgreSQL with fsync on in a folder under
//! `target/`, or uses `DATABASE_URL`. Every case runs both sides in turn, several times; the result is the
//! median of the ratios.

mod append;
mod filtered;
mod first;
mod floor;
mod growth;
mod import;
mod load;
#[path = "../loans.rs"]
mod loans;
mod project;
#[path = "../report.rs"]
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use es_postgres::PostgresStore;
use es_postgres::testing::Cluster;

/// Any error, which ends the bench.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures es-postgres against hand-written sqlx.
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
    /// Only the case `growth`: fill a store up to so many events (10000000 for the figures in the docs),
    /// which takes minutes and a few gigabytes.
    #[arg(long)]
    growth: Option<u64>,
    /// Also import this file of loan applications (JSON lines, plain or gzip).
    #[arg(long)]
    import: Option<PathBuf>,
    /// The `loans` program that imports the file.
    #[arg(long, default_value = "target/release/loans")]
    loans: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (cluster, url) = match std::env::var("DATABASE_URL") {
        Ok(url) => (None, url),
        Err(_) => {
            let cluster = Cluster::persistent("target/bench-postgres").start().await?;
            let url = cluster.url().to_owned();
            (Some(cluster), url)
        }
    };
    let settings = Settings {
        url,
        span: Duration::from_secs_f64(arguments.seconds),
        times: arguments.times.max(1),
        only: arguments.only,
    };
    let mut table = report::Table::new();
    let floor = floor::Floor::prepare(&settings.url).await?;
    if let Some(events) = arguments.growth {
        return growth::run(&settings, &floor, events).await;
    }
    first::run(&settings, &floor, &mut table).await?;
    append::run(&settings, &floor, &mut table).await?;
    load::run(&settings, &floor, &mut table).await?;
    filtered::run(&settings, &mut table).await?;
    project::run(&settings, &mut table).await?;
    if let Some(file) = arguments.import {
        let loans = loans::Loans { program: arguments.loans, file };
        import::run(&settings, &loans, &mut table).await?;
    }
    table.print();
    drop(cluster);
    Ok(())
}

/// The settings of the cases.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) span: Duration,
    pub(crate) times: usize,
    only: Option<String>,
}

impl Settings {
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.only.as_ref().is_none_or(|only| case.contains(only.as_str()))
    }

    /// The store under measurement, in its own schema.
    pub(crate) async fn store(&self, connections: u32) -> Result<PostgresStore> {
        Ok(PostgresStore::options(&self.url).schema(SCHEMA).connections(connections).migrate().await?)
    }
}

/// The schema of the store; the floor's copy of its tables is in `bench_floor`.
pub(crate) const SCHEMA: &str = "bench_es";

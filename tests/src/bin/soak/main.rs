//! Several programs on one store under random faults; afterwards each acknowledged operation is verified.
//!
//! ```sh
//! cargo run --release -p es-tests --bin soak -- --minutes 10 --seed 7
//! ```
//!
//! Prints its seed, what it did, and what it found; exits with 1 if anything is wrong, and then keeps its
//! folder.

mod domain;
mod faults;
mod log;
mod program;
mod servers;
mod verify;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use es_postgres::{PostgresStore, Projector};
use tokio::time::sleep;

use crate::faults::Faults;
use crate::servers::Servers;

/// The number of programs that use the store.
const PROGRAMS: usize = 3;

/// Runs several programs on one store under random faults, and checks their observations.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    soak: Soak,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// One of the programs; the soak starts them.
    #[command(hide = true)]
    Program(program::Told),
}

#[derive(Debug, Args)]
struct Soak {
    /// The duration.
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,
    /// The seed of the random choices [default: a different one each time].
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Program(told)) => {
            program::run(told).await;
            ExitCode::SUCCESS
        }
        None => soak(&arguments.soak).await,
    }
}

async fn soak(told: &Soak) -> ExitCode {
    let seed = told.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("soak: {} minutes, seed {seed}", told.minutes);
    let folder = std::env::temp_dir().join(format!("es-soak-{}", es_core::uuid::Uuid::now_v7().simple()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let servers = Servers::start(&folder).await;
    let store = PostgresStore::migrate(servers.direct()).await.expect("a store");
    Projector::new(store.clone(), domain::Sums).partitions(2).prepare().await.expect("tables");
    store.close().await;
    let address = servers.address().to_owned();
    let mut programs: Vec<_> =
        (0..PROGRAMS).map(|number| Program::start(&folder, &address, number, seed)).collect();
    let mut faults = Faults::new(servers, seed);
    let end = Instant::now() + Duration::from_secs_f64(told.minutes * 60.0);
    while Instant::now() < end {
        faults.inject_next(&mut programs).await;
    }
    let (servers, failovers, counts) = faults.end(&mut programs);
    std::fs::write(program::end_of(&folder), "").expect("a file");
    let mut violations = Vec::new();
    for program in &mut programs {
        if let Err(error) = program.ended().await {
            violations.push(error);
        }
    }
    println!("faults: {counts}");
    let found = verify::verify(servers.direct(), &folder, PROGRAMS, &failovers).await;
    println!("{found}");
    violations.extend(found.violations);
    for violation in violations.iter().take(50) {
        println!("VIOLATION {violation}");
    }
    drop(servers);
    if violations.is_empty() {
        println!("seed {seed}: nothing is wrong");
        std::fs::remove_dir_all(&folder).expect("removed");
        return ExitCode::SUCCESS;
    }
    println!("seed {seed}: {} violations; the logs are in {}", violations.len(), folder.display());
    ExitCode::FAILURE
}

/// A program, which is killed and restarted.
pub(crate) struct Program {
    folder: PathBuf,
    address: String,
    number: usize,
    seed: u64,
    child: Child,
}

impl Program {
    fn start(folder: &Path, address: &str, number: usize, seed: u64) -> Self {
        let child = spawn(folder, address, number, seed);
        Self { folder: folder.to_owned(), address: address.to_owned(), number, seed, child }
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, and restarts it with the state in its log.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("its end");
        self.seed += 1;
        self.child = spawn(&self.folder, &self.address, self.number, self.seed);
    }

    async fn ended(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            match self.child.try_wait().expect("a child") {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("program {} ended with {status}", self.number)),
                None if Instant::now() > deadline => {
                    self.child.kill().expect("SIGKILL");
                    return Err(format!("program {} did not end", self.number));
                }
                None => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

fn spawn(folder: &Path, address: &str, number: usize, seed: u64) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["program", "--url", address, "--number", &number.to_string()]);
    command.args(["--seed", &seed.wrapping_mul(31).wrapping_add(number as u64).to_string(), "--folder"]);
    command.arg(folder).spawn().expect("a program")
}

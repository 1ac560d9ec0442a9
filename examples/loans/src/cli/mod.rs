//! The command line: what is asked for, on which store, and what is said about it.
//!
//! Results go to the standard output, all else to the standard error. Exit codes: 0 when all went well, 1 for bad
//! input, 2 when the store cannot be reached or cannot serve, 130 after Ctrl-C.

mod args;
mod failure;
mod import;
mod output;
mod progress;
mod store;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use es_core::Repository;

use self::args::{Args, Command};
use self::failure::Failure;
use self::store::Chosen;
use crate::domain::ApplicationId;
use crate::generation::Generation;
use crate::report::Report;
use crate::show::Shown;

/// How many applications are replayed at a time.
const REPLAYED_AT_ONCE: usize = 16;

/// Runs the program of one generation.
#[must_use]
pub fn main<A: Generation>(program: &'static str, about: &'static str) -> ExitCode {
    let matches = Args::command().name(program).bin_name(program).about(about).get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unable(format!("cannot start: {error}")))
        .and_then(|runtime| {
            let outcome = runtime.block_on(run::<A>(args.command));
            // A thread may still wait for input, and a pool for its connections.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run<A: Generation>(command: Command) -> Result<(), Failure> {
    match command {
        Command::Import(args) => import::import::<A>(&args).await,
        Command::Report { from } => {
            let chosen = Chosen::for_reading::<A>(from, REPLAYED_AT_ONCE).await?;
            let report = Report::of(&repository::<A>(&chosen), REPLAYED_AT_ONCE).await?;
            output::print(&report)
        }
        Command::Show { case, at, from } => {
            let chosen = Chosen::for_reading::<A>(from, 1).await?;
            let shown =
                Shown::of(&repository::<A>(&chosen), ApplicationId(case), at.unwrap_or_default()).await?;
            output::print(&shown)
        }
    }
}

/// How many applications are kept in memory after a command: more than are being worked on at a time in a bank of this size,
/// which takes about 100 a day and decides most within a month.
const KEPT: usize = 10_000;

fn repository<A: Generation>(chosen: &Chosen) -> Repository<A, store::Store> {
    Repository::new(chosen.store()).with_cache(KEPT)
}

//! The command line: what is asked for, on which store, and what is said about it.
//!
//! Results go to the standard output, all else to the standard error. Exit codes: 0 when all went well, 1 for
//! bad input, 2 when the store cannot be reached or cannot serve, 130 after Ctrl-C.

mod args;
mod copy;
mod ctrl_c;
mod failure;
mod import;
mod note;
mod output;
mod progress;
mod publish;
mod read_models;
mod remind;
mod store;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Subcommand};

use self::args::{Args, Command, LoansCommand};
use self::failure::Failure;
use self::store::{Opened, REPLAYED_AT_ONCE, repository};
use crate::domain::{Application, ApplicationId};
use crate::generations::Generation;
use crate::report::Report;
use crate::show::Shown;

/// Runs the program of an earlier generation.
#[must_use]
pub fn main<A: Generation>(program: &'static str, about: &'static str) -> ExitCode {
    run_to_end(program, about, std::env::args_os(), run::<A>)
}

/// Runs the current program. Only this one has the read models, which are built from the current events, and
/// all earlier events are upcast to those.
#[must_use]
pub fn main_of_loans(program: &'static str, about: &'static str) -> ExitCode {
    main_of_loans_with(program, about, std::env::args_os())
}

/// The same with these arguments, the first of which is the program's name. For a program that holds this
/// one, such as a test of another service.
#[must_use]
pub fn main_of_loans_with(
    program: &'static str,
    about: &'static str,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    run_to_end(program, about, arguments, async |command: LoansCommand| match command {
        LoansCommand::Any(command) => run::<Application>(command).await,
        LoansCommand::ReadModels(command) => read_models::run(command).await,
        LoansCommand::Remind { store } => remind::remind(store).await,
        LoansCommand::Publish(args) => publish::publish(args).await,
    })
}

fn run_to_end<C: Subcommand>(
    program: &'static str,
    about: &'static str,
    arguments: impl IntoIterator<Item = OsString>,
    run: impl AsyncFnOnce(C) -> Result<(), Failure>,
) -> ExitCode {
    let matches =
        Args::<C>::command().name(program).bin_name(program).about(about).get_matches_from(arguments);
    let args = Args::<C>::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unable(format!("cannot start: {error}")))
        .and_then(|runtime| {
            let outcome = runtime.block_on(run(args.command));
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
        Command::Import(args) => import::import::<A>(args).await,
        Command::Report { from, store } => {
            let opened = Opened::for_reading::<A>(from, store, REPLAYED_AT_ONCE).await?;
            let report = Report::of(&repository::<A>(&opened), REPLAYED_AT_ONCE).await?;
            output::print(&report)
        }
        Command::Show { case, at, from, store } => {
            let opened = Opened::for_reading::<A>(from, store, 1).await?;
            let shown =
                Shown::of(&repository::<A>(&opened), ApplicationId(case), at.unwrap_or_default()).await?;
            output::print(&shown)
        }
        Command::Copy { to, store } => copy::copy(store, to).await,
    }
}

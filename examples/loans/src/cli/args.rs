//! What can be asked for.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand};

use crate::show::At;

/// The arguments of a program with these commands.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "With DATABASE_URL set, that PostgreSQL server is used. Without it, the PostgreSQL of this machine is \
                  started in a folder that stays, and used. With `--store FILE` the events are in that file, and no server is \
                  needed."
)]
pub(super) struct Args<C: Subcommand> {
    #[command(subcommand)]
    pub(super) command: C,
}

/// What the program of today can do.
#[derive(Debug, Subcommand)]
pub(super) enum OfToday {
    #[command(flatten)]
    Any(Command),
    #[command(flatten)]
    ReadModels(ReadModelCommand),
}

/// What is done with read models, which are tables of PostgreSQL.
#[derive(Debug, Subcommand)]
pub(super) enum ReadModelCommand {
    /// Runs the read models: catches up with the events, then follows them until Ctrl-C
    Project {
        /// Ends as soon as the read models have caught up
        #[arg(long)]
        stop_when_caught_up: bool,
        #[command(flatten)]
        store: OnlyPostgres,
    },
    /// Shows how far the read models have come
    Status {
        #[command(flatten)]
        store: OnlyPostgres,
    },
    /// Serves the read models as a page on 127.0.0.1, until Ctrl-C
    Dashboard {
        /// The port; 0 for any that is free
        #[arg(long, value_name = "PORT", default_value_t = 8686)]
        port: u16,
        #[command(flatten)]
        store: OnlyPostgres,
    },
    /// Compares the read models with the events, number for number, at one moment
    Recount {
        #[command(flatten)]
        store: OnlyPostgres,
    },
}

/// A choice that is none: said in one sentence, where other commands have one.
#[derive(Debug, clap::Args)]
pub(super) struct OnlyPostgres {
    /// Where the events are
    #[arg(long, value_name = "STORE", default_value = "postgres", hide = true)]
    pub(super) store: StoreKind,
}

/// What the programs of all generations can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Imports a log, one command a record; run it again to go on
    Import(Import),
    /// Shows the history of one application, and its state
    Show {
        /// The number of the application
        case: String,
        /// Up to a revision (1, 2, 3 …) or as of a time (RFC 3339)
        #[arg(long, value_name = "REVISION|TIME")]
        at: Option<At>,
        /// Reads this log into memory and shows that
        #[arg(long, value_name = "FILE", conflicts_with = "store")]
        from: Option<PathBuf>,
        #[command(flatten)]
        store: Kept,
    },
    /// Replays all applications and counts their outcomes
    Report {
        /// Reads this log into memory and reports on that
        #[arg(long, value_name = "FILE", conflicts_with = "store")]
        from: Option<PathBuf>,
        #[command(flatten)]
        store: Kept,
    },
    /// Copies the events, ids and times included, and compares the copy; run it again to go on
    Copy {
        /// A file, or the URL of a PostgreSQL database
        #[arg(long, value_name = "FILE|URL")]
        to: String,
        #[command(flatten)]
        store: Kept,
    },
}

/// Where events are that are there already.
#[derive(Debug, clap::Args)]
pub(super) struct Kept {
    /// Where the events are: `postgres`, or a file
    #[arg(long, value_name = "STORE", default_value = "postgres")]
    pub(super) store: StoreKind,
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// JSON lines, plain or gzip; `-` for the standard input
    pub(super) file: PathBuf,
    /// How many applications are worked on at a time; records that wait for the server are written together
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) concurrency: u16,
    /// Counts and lists bad records, instead of stopping at the first
    #[arg(long)]
    pub(super) skip_bad: bool,
    /// Where to keep the events: `postgres`, a file, or `memory`, until the report at the end
    #[arg(long, value_name = "STORE", default_value = "postgres")]
    pub(super) store: StoreKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreKind {
    Postgres,
    Memory,
    File(PathBuf),
}

impl FromStr for StoreKind {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "postgres" => Self::Postgres,
            "memory" => Self::Memory,
            file => Self::File(file.into()),
        })
    }
}

//! What can be asked for.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand};

use crate::show::At;

/// The arguments of a program with these commands.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Events and read models are kept in the file target/loans.db, and in files beside it. `--store FILE` names \
                  another file, and `--store postgres://…` a database of PostgreSQL; so does DATABASE_URL, if it is set."
)]
pub(super) struct Args<C: Subcommand> {
    #[command(subcommand)]
    pub(super) command: C,
}

/// What `loans` can do.
#[derive(Debug, Subcommand)]
pub(super) enum LoansCommand {
    #[command(flatten)]
    Any(Command),
    #[command(flatten)]
    ReadModels(ReadModelCommand),
    /// Goes through the events to their end, and raises a reminder where an application without a decision
    /// stood still for 30 days; compares the reminders with the events. Run it again to continue
    Remind {
        #[command(flatten)]
        store: Kept,
    },
    /// Publishes what other services learn of the applications to NATS JetStream: catches up with the events,
    /// then follows them until Ctrl-C
    Publish(Publish),
}

/// What is done with read models.
#[derive(Debug, Subcommand)]
pub(super) enum ReadModelCommand {
    /// Runs the read models: catches up with the events, then follows them until Ctrl-C
    Project {
        /// Ends as soon as the read models have caught up
        #[arg(long)]
        stop_when_caught_up: bool,
        #[command(flatten)]
        store: Kept,
    },
    /// Shows how far the read models have come
    Status {
        #[command(flatten)]
        store: Kept,
    },
    /// Serves the read models as a page on 127.0.0.1, until Ctrl-C
    Dashboard {
        /// The port; 0 for any that is free
        #[arg(long, value_name = "PORT", default_value_t = 8686)]
        port: u16,
        #[command(flatten)]
        store: Kept,
    },
    /// Compares the read models with the events, number for number, at one moment
    Recount {
        #[command(flatten)]
        store: Kept,
    },
}

/// What the programs of all generations can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Imports a log, one command a record; run it again to continue
    Import(ImportArgs),
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
    /// Copies the events, ids and times included, and compares the copy; run it again to continue
    Copy {
        /// A file, or the URL of a PostgreSQL database
        #[arg(long, value_name = "FILE|URL")]
        to: StoreKind,
        #[command(flatten)]
        store: Kept,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Publish {
    /// The NATS server, which needs JetStream
    #[arg(long, value_name = "URL", env = "NATS_URL", default_value = "nats://localhost:4222")]
    pub(super) nats: String,
    /// Ends as soon as all events are published
    #[arg(long)]
    pub(super) stop_when_caught_up: bool,
    #[command(flatten)]
    pub(super) store: Kept,
}

/// Where events are that are there already.
#[derive(Debug, clap::Args)]
pub(super) struct Kept {
    /// Where the events are: a file, or the URL of a PostgreSQL database
    #[arg(long, value_name = "FILE|URL")]
    pub(super) store: Option<StoreKind>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// JSON lines, plain or gzip; `-` for the standard input
    pub(super) file: PathBuf,
    /// How many applications are worked on at a time; records that wait for the server are written together
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) concurrency: u16,
    /// Counts and lists bad records, instead of stopping at the first
    #[arg(long)]
    pub(super) skip_bad: bool,
    /// Where to keep the events: a file, the URL of a PostgreSQL database, or `memory`, until the report at
    /// the end
    #[arg(long, value_name = "FILE|URL|memory")]
    pub(super) store: Option<StoreKind>,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreKind {
    File(PathBuf),
    /// A database of PostgreSQL, by its URL.
    Database(String),
    Memory,
}

impl FromStr for StoreKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "memory" => Ok(Self::Memory),
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Database(url.to_owned()))
            }
            "postgres" => Err("name the database by its URL, as in postgres://localhost/loans"),
            file => Ok(Self::File(file.into())),
        }
    }
}

//! The commands of the read models: `project`, `status`, `dashboard`, `recount`.

mod ctrl_c;
mod dashboard;
mod project;
mod recount;
mod status;

use super::args::{OnlyPostgres, ReadModelCommand, StoreKind};
use super::failure::Failure;
use super::store::{Postgres, Purpose};
use crate::read_models::Until;

/// Enough for all read models to be read, run and asked about at once.
const CONNECTIONS: usize = 6;

pub(super) async fn run(command: ReadModelCommand) -> Result<(), Failure> {
    match command {
        ReadModelCommand::Project { stop_when_caught_up, store } => {
            // Whoever comes first makes the tables, so that projections may be started before the import.
            let until = if stop_when_caught_up { Until::CaughtUp } else { Until::Stopped };
            project::project(&open(&store, Purpose::Write).await?, until).await
        }
        ReadModelCommand::Status { store } => status::status(&open(&store, Purpose::Read).await?).await,
        ReadModelCommand::Dashboard { port, store } => {
            dashboard::dashboard(&open(&store, Purpose::Read).await?, port).await
        }
        ReadModelCommand::Recount { store } => recount::recount(&open(&store, Purpose::Read).await?).await,
    }
}

async fn open(asked: &OnlyPostgres, purpose: Purpose) -> Result<Postgres, Failure> {
    let other = match &asked.store {
        StoreKind::Postgres => None,
        StoreKind::Memory => Some("memory"),
        StoreKind::File(_) => Some("FILE"),
    };
    if let Some(other) = other {
        return Err(Failure::unable(format!(
            "read models are tables in PostgreSQL, so there are none with `--store {other}`; leave it out"
        )));
    }
    Postgres::open(purpose, CONNECTIONS).await
}

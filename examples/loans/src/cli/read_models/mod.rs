//! The commands of the read models: `project`, `status`, `dashboard`, `recount`.

mod dashboard;
mod project;
mod recount;
mod status;

use super::args::{Kept, ReadModelCommand};
use super::failure::Failure;
use super::store::{Opened, Purpose};
use crate::read_models::{ReadModels, Until};

/// Enough for all read models to be read, run and asked about at once.
const CONNECTIONS: usize = 6;

pub(super) async fn run(command: ReadModelCommand) -> Result<(), Failure> {
    match command {
        ReadModelCommand::Project { stop_when_caught_up, store } => {
            // Creates the tables if they do not exist, so that projections can be started before the import.
            let until = if stop_when_caught_up { Until::CaughtUp } else { Until::Stopped };
            project::project(&open(store, Purpose::Write).await?, until).await
        }
        ReadModelCommand::Status { store } => status::status(&open(store, Purpose::Read).await?).await,
        ReadModelCommand::Dashboard { port, store } => {
            dashboard::dashboard(open(store, Purpose::Read).await?, port).await
        }
        ReadModelCommand::Recount { store } => recount::recount(&open(store, Purpose::Read).await?).await,
    }
}

async fn open(store: Kept, purpose: Purpose) -> Result<ReadModels, Failure> {
    Opened::kept(store, purpose, CONNECTIONS).await?.read_models()
}

//! All read models together: run in one program, asked how far they are, and read.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use es_core::projection::{ModelStore, ProjectionStatus, Projector, ProjectorError};
use es_postgres::PostgresStore;
use es_sqlite::SqliteStore;
use tokio::task::JoinSet;

use super::decision_times::DecisionTimes;
use super::figures::{Figures, FiguresError};
use super::model::Model;
use super::outcomes::Outcomes;
use super::recount::Recount;
use super::resource_load::ResourceLoad;
use super::running::Running;
use super::source::FiguresSource;
use super::work_in_progress::WorkInProgress;

/// All read models of one store.
#[derive(Debug, Clone)]
pub struct ReadModels {
    projectors: [Arc<dyn Running>; 4],
    source: FiguresSource,
}

/// How long the read models run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until they have caught up with the events that are there.
    CaughtUp,
    /// For as long as their tasks are kept.
    Stopped,
}

/// How far a read model has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its name.
    pub name: &'static str,
    /// How far; `None` if it was never run on this store.
    pub status: Option<ProjectionStatus>,
}

impl ReadModels {
    /// The read models of a store in PostgreSQL: tables of its database, which has this URL.
    ///
    /// # Errors
    ///
    /// [`FiguresError::Database`] if the URL cannot be read.
    pub fn in_database(store: &PostgresStore, url: &str) -> Result<Self, FiguresError> {
        Ok(Self { projectors: projectors(store), source: FiguresSource::database(url)? })
    }

    /// The read models of a store in this file: files beside it.
    #[must_use]
    pub fn in_files(store: &SqliteStore, path: &Path) -> Self {
        Self { projectors: projectors(store), source: FiguresSource::files(store, path) }
    }

    /// Starts them all, each in a task of its own. Dropping the tasks is an orderly end.
    #[must_use = "they run as long as their tasks are kept"]
    pub fn start(&self, until: Until) -> JoinSet<Result<(), ProjectorError>> {
        let mut tasks = JoinSet::new();
        for projector in &self.projectors {
            let projector = Arc::clone(projector);
            tasks.spawn(async move {
                match until {
                    Until::CaughtUp => projector.catch_up().await,
                    Until::Stopped => projector.run().await,
                }
            });
        }
        tasks
    }

    /// How far each of them is, as the store knows it, whichever programs run them.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the store.
    pub async fn standings(&self) -> Result<[Standing; 4], ProjectorError> {
        let [outcomes, decision_times, work_in_progress, resource_load] = &self.projectors;
        Ok([
            standing(outcomes).await?,
            standing(decision_times).await?,
            standing(work_in_progress).await?,
            standing(resource_load).await?,
        ])
    }

    /// What they say, all at one moment.
    ///
    /// # Errors
    ///
    /// [`FiguresError`].
    pub async fn figures(&self) -> Result<Figures, FiguresError> {
        self.source.figures().await
    }

    /// Compares what they say with the events, number for number, at one moment. Exact while events are
    /// written and projected.
    ///
    /// # Errors
    ///
    /// [`FiguresError`].
    pub async fn recount(&self) -> Result<Recount, FiguresError> {
        self.source.recount().await
    }
}

impl Standing {
    /// How many positions it is behind; `None` if it was never run.
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        self.status.as_ref().map(ProjectionStatus::lag_events)
    }
}

/// The projectors of all read models, in one order.
fn projectors<Db, S>(store: &S) -> [Arc<dyn Running>; 4]
where
    Db: Model,
    S: ModelStore<Outcomes<Db>>
        + ModelStore<DecisionTimes<Db>>
        + ModelStore<WorkInProgress<Db>>
        + ModelStore<ResourceLoad<Db>>,
{
    let owner = format!("process {}", std::process::id());
    [
        Arc::new(Projector::new(store.clone(), Outcomes::<Db>(PhantomData)).owner(&owner)),
        Arc::new(Projector::new(store.clone(), DecisionTimes::<Db>(PhantomData)).owner(&owner)),
        Arc::new(Projector::new(store.clone(), WorkInProgress::<Db>(PhantomData)).owner(&owner)),
        Arc::new(Projector::new(store.clone(), ResourceLoad::<Db>(PhantomData)).owner(&owner)),
    ]
}

async fn standing(projector: &Arc<dyn Running>) -> Result<Standing, ProjectorError> {
    let name = projector.name();
    match projector.status().await {
        Ok(status) => Ok(Standing { name, status: Some(status) }),
        Err(ProjectorError::NotSetUp { .. }) => Ok(Standing { name, status: None }),
        Err(error) => Err(error),
    }
}

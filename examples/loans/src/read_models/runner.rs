//! All read models together: run in one program, and asked how far they are.

use es_core::Projection;
use es_postgres::{PostgresStore, ProjectionStatus, Projector, ProjectorError};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use super::{DecisionTimes, Outcomes, ResourceLoad, WorkInProgress};

/// The projectors of all read models on one store.
#[derive(Debug, Clone)]
pub struct ReadModels {
    outcomes: Projector<Outcomes>,
    decision_times: Projector<DecisionTimes>,
    work_in_progress: Projector<WorkInProgress>,
    resource_load: Projector<ResourceLoad>,
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
    /// How far; `None` if it was never run in this database.
    pub status: Option<ProjectionStatus>,
}

impl ReadModels {
    /// The read models of this store.
    #[must_use]
    pub fn new(store: &PostgresStore) -> Self {
        Self {
            outcomes: projector(store, Outcomes),
            decision_times: projector(store, DecisionTimes),
            work_in_progress: projector(store, WorkInProgress),
            resource_load: projector(store, ResourceLoad),
        }
    }

    /// Starts them all, each in a task of its own. Dropping the tasks is an orderly end.
    #[must_use = "they run as long as their tasks are kept"]
    pub fn start(&self, until: Until) -> JoinSet<Result<(), ProjectorError>> {
        let mut tasks = JoinSet::new();
        start(&mut tasks, &self.outcomes, until);
        start(&mut tasks, &self.decision_times, until);
        start(&mut tasks, &self.work_in_progress, until);
        start(&mut tasks, &self.resource_load, until);
        tasks
    }

    /// How far each of them is, as the database knows it, whichever programs run them.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the server.
    pub async fn standings(&self) -> Result<[Standing; 4], ProjectorError> {
        Ok([
            standing(&self.outcomes).await?,
            standing(&self.decision_times).await?,
            standing(&self.work_in_progress).await?,
            standing(&self.resource_load).await?,
        ])
    }
}

impl Standing {
    /// How many positions it is behind; `None` if it was never run.
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        self.status.as_ref().map(ProjectionStatus::lag_events)
    }
}

fn projector<P: Projection<Model = PgConnection>>(store: &PostgresStore, projection: P) -> Projector<P> {
    Projector::new(store.clone(), projection).owner(&format!("process {}", std::process::id()))
}

fn start<P: Projection<Model = PgConnection>>(
    tasks: &mut JoinSet<Result<(), ProjectorError>>,
    projector: &Projector<P>,
    until: Until,
) {
    let projector = projector.clone();
    tasks.spawn(async move {
        match until {
            Until::CaughtUp => projector.catch_up().await,
            Until::Stopped => projector.run().await,
        }
    });
}

async fn standing<P: Projection<Model = PgConnection>>(
    projector: &Projector<P>,
) -> Result<Standing, ProjectorError> {
    match projector.status().await {
        Ok(status) => Ok(Standing { name: P::NAME, status: Some(status) }),
        Err(ProjectorError::NotSetUp { .. }) => Ok(Standing { name: P::NAME, status: None }),
        Err(error) => Err(error),
    }
}

//! The read models in files, on one connection with the events.

use std::path::{Path, PathBuf};

use es_core::projection::ModelStore;
use es_sqlite::{SqliteStore, SqliteTarget};
use sqlx::SqliteConnection;

use super::decision_times::DecisionTimes;
use super::event_log::event_log;
use super::figures::FiguresError;
use super::outcomes::Outcomes;
use super::resource_load::ResourceLoad;
use super::work_in_progress::WorkInProgress;

/// The file of the events, and those beside it of the read models.
#[derive(Debug, Clone)]
pub(super) struct Files {
    events: PathBuf,
    outcomes: SqliteTarget<Outcomes<SqliteConnection>>,
    decision_times: SqliteTarget<DecisionTimes<SqliteConnection>>,
    work_in_progress: SqliteTarget<WorkInProgress<SqliteConnection>>,
    resource_load: SqliteTarget<ResourceLoad<SqliteConnection>>,
}

impl Files {
    pub(super) fn beside(store: &SqliteStore, path: &Path) -> Self {
        Self {
            events: path.to_owned(),
            outcomes: store.model_target(),
            decision_times: store.model_target(),
            work_in_progress: store.model_target(),
            resource_load: store.model_target(),
        }
    }

    /// A connection to the events, and to each read model under the name that its views have in PostgreSQL.
    pub(super) async fn open(&self) -> Result<SqliteConnection, FiguresError> {
        let attached = [
            (self.outcomes.live_file().await?, "es_outcomes"),
            (self.decision_times.live_file().await?, "es_decision_times"),
            (self.work_in_progress.live_file().await?, "es_work_in_progress"),
            (self.resource_load.live_file().await?, "es_resource_load"),
        ];
        let mut db = event_log(&self.events).await?;
        for (file, name) in attached {
            let attach = sqlx::query(include_str!("../../sql/sqlite/attach.sql"));
            attach.bind(file.to_string_lossy().into_owned()).bind(name).execute(&mut db).await?;
        }
        sqlx::raw_sql(include_str!("../../sql/sqlite/only_read.sql")).execute(&mut db).await?;
        Ok(db)
    }
}

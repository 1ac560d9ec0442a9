//! All that the read models say, as one answer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use es_core::projection::ProjectorError;
use sqlx::SqlSafeStr;
use sqlx::error::DatabaseError;

use super::decision_times::{DecisionTime, Spans};
use super::model::{Model, query};
use super::outcomes::OutcomeMonth;
use super::resource_load::ResourceMonth;
use super::work_in_progress::WorkDay;

/// The figures of all read models.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The applications, month by month.
    pub outcomes: Vec<OutcomeMonth>,
    /// The hours from submission to decision, by outcome, and last of all.
    pub decision_times: Vec<DecisionTime>,
    /// How many applications were decided within each span of [`HOURS`](super::HOURS), the first one below
    /// them.
    pub decided_within: Spans,
    /// The work, day by day and item by item.
    pub work: Vec<WorkDay>,
    /// The work of each resource, month by month.
    pub load: Vec<ResourceMonth>,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FiguresError {
    /// The read models were never run on this store.
    #[error("there are no read models of this store yet; run `loans project`, which makes them")]
    NotMade,
    /// The database did not answer, or not as it should.
    #[error("the read models cannot be read: {0}")]
    Database(sqlx::Error),
    /// It did not say which read models there are, or how far they are.
    #[error("the read models cannot be asked how far they are: {0}")]
    Status(Box<ProjectorError>),
}

impl Figures {
    /// Reads them all at one moment.
    pub(super) async fn read<Db: Model>(db: &mut Db) -> Result<Self, FiguresError> {
        let mut moment = db.begin_with(Db::ONE_MOMENT.into_sql_str()).await?;
        positions(&mut *moment).await?;
        let figures = Self::read_now(&mut *moment).await?;
        moment.rollback().await?;
        Ok(figures)
    }

    /// All days together, by item: scheduled, started, completed, and what waits and is in progress at their
    /// end.
    #[must_use]
    pub fn work_by_item(&self) -> Vec<(String, [i64; 5])> {
        let mut items = BTreeMap::<&str, [i64; 5]>::new();
        for day in &self.work {
            let sums = items.entry(&day.item).or_default();
            let day = [day.scheduled, day.started, day.completed, day.waiting, day.in_progress];
            for (sum, number) in sums.iter_mut().zip(day) {
                *sum += number;
            }
        }
        items.into_iter().map(|(item, sums)| (item.to_owned(), sums)).collect()
    }

    /// All months together, by resource: started and completed; those who completed most come first.
    #[must_use]
    pub fn load_by_resource(&self) -> Vec<(String, [i64; 2])> {
        let mut resources = BTreeMap::<&str, [i64; 2]>::new();
        for month in &self.load {
            let [started, completed] = resources.entry(&month.resource).or_default();
            *started += month.started;
            *completed += month.completed;
        }
        let mut resources: Vec<_> =
            resources.into_iter().map(|(name, sums)| (name.to_owned(), sums)).collect();
        resources.sort_by_key(|(_, [_, completed])| Reverse(*completed));
        resources
    }

    /// The same in the caller's transaction.
    pub(super) async fn read_now(db: &mut impl Model) -> Result<Self, FiguresError> {
        Ok(Self {
            outcomes: OutcomeMonth::read(db).await?,
            decision_times: DecisionTime::read(db).await?,
            decided_within: DecisionTime::read_spans(db).await?,
            work: WorkDay::read(db).await?,
            load: ResourceMonth::read(db).await?,
        })
    }
}

/// How far each read model has come.
///
/// It is the first to be read of a moment: in files, all read models are read as of this statement.
pub(super) async fn positions(db: &mut impl Model) -> Result<HashMap<String, i64>, FiguresError> {
    let rows: Vec<(String, i64)> = db.rows(query!("positions_read")).await?;
    Ok(rows.into_iter().collect())
}

impl From<sqlx::Error> for FiguresError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.as_deref() {
            // PostgreSQL has no such table, or no such schema.
            Some("42P01" | "3F000") => Self::NotMade,
            _ => Self::Database(error),
        }
    }
}

impl From<ProjectorError> for FiguresError {
    fn from(error: ProjectorError) -> Self {
        match error {
            ProjectorError::NotSetUp { .. } => Self::NotMade,
            error => Self::Status(Box::new(error)),
        }
    }
}

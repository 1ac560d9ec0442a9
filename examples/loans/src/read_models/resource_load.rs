//! Who does how much.

use std::collections::BTreeMap;

use es_core::{ProjectBatch, ProjectSetup, Projection, Recorded};
use sqlx::{Executor, PgConnection};
use time::Date;

use super::calendar::month;
use crate::domain::{WorkCompleted, WorkStarted};

/// Counts the work items that each resource started and completed in each month.
#[derive(Debug, Projection)]
#[projection(
    name = "resource_load",
    events(WorkStarted, WorkCompleted),
    model = PgConnection,
    error = sqlx::Error,
    batch,
    setup
)]
pub struct ResourceLoad;

/// A resource in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceMonth {
    /// Who; empty for the work of which nobody knows who did it.
    pub resource: String,
    /// The first day of the month.
    pub month: Date,
    /// How many work items were started.
    pub started: i64,
    /// How many work items were completed.
    pub completed: i64,
}

impl ProjectSetup for ResourceLoad {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        db.execute(include_str!("sql/resource_load_make.sql")).await?;
        Ok(())
    }
}

impl ProjectBatch for ResourceLoad {
    async fn project_batch(
        &self,
        events: &[ResourceLoadEvent],
        db: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        let mut counts = BTreeMap::<(&str, Date), [i64; 2]>::new();
        for event in events {
            let (place, column) = match event {
                ResourceLoadEvent::WorkStarted(event) => (place(event), 0),
                ResourceLoadEvent::WorkCompleted(event) => (place(event), 1),
            };
            counts.entry(place).or_default()[column] += 1;
        }
        let (resources, months): (Vec<&str>, Vec<Date>) = counts.keys().copied().unzip();
        let (started, completed): (Vec<i64>, Vec<i64>) = counts.values().map(|&[s, c]| (s, c)).unzip();
        let add = sqlx::query(include_str!("sql/resource_load_add.sql"));
        add.bind(resources).bind(months).bind(started).bind(completed).execute(db).await?;
        Ok(())
    }
}

/// Whose work it is, in which month.
fn place<E>(event: &Recorded<E>) -> (&str, Date) {
    (event.metadata.actor.as_deref().unwrap_or_default(), month(event.occurred_at()))
}

impl ResourceMonth {
    pub(super) async fn read(db: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let rows = sqlx::query_as(include_str!("sql/resource_load_read.sql")).fetch_all(db).await?;
        Ok(rows.into_iter().map(Self::of).collect())
    }

    /// The same from the events up to a position.
    pub(super) async fn recount(upto: i64, db: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let rows =
            sqlx::query_as(include_str!("sql/resource_load_recount.sql")).bind(upto).fetch_all(db).await?;
        Ok(rows.into_iter().map(Self::of).collect())
    }

    fn of((resource, month, started, completed): (String, Date, i64, i64)) -> Self {
        Self { resource, month, started, completed }
    }
}

//! Who does how much.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use es_core::Recorded;
use es_core::projection::{ProjectBatch, ProjectSetup, Projection};
use time::Date;

use super::calendar::month;
use super::model::{Column, Model, query};
use crate::domain::{WorkCompleted, WorkStarted};

/// Counts the work items that each resource started and completed in each month.
#[derive(Debug, Projection)]
#[projection(
    name = "resource_load",
    events(WorkStarted, WorkCompleted),
    model = Db,
    error = sqlx::Error,
    batch,
    setup
)]
pub struct ResourceLoad<Db: Model>(pub(super) PhantomData<fn() -> Db>);

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

impl<Db: Model> ProjectSetup for ResourceLoad<Db> {
    async fn setup(&self, db: &mut Db) -> Result<(), sqlx::Error> {
        db.make(query!("resource_load_make")).await
    }
}

impl<Db: Model> ProjectBatch for ResourceLoad<Db> {
    async fn project_batch(&self, events: &[ResourceLoadEvent], db: &mut Db) -> Result<(), sqlx::Error> {
        let mut counts = BTreeMap::<(&str, Date), [i64; 2]>::new();
        for event in events {
            let (place, column) = match event {
                ResourceLoadEvent::WorkStarted(event) => (place(event), 0),
                ResourceLoadEvent::WorkCompleted(event) => (place(event), 1),
            };
            counts.entry(place).or_default()[column] += 1;
        }
        let (resources, months) = counts.keys().copied().unzip();
        let (started, completed) = counts.values().map(|&[started, completed]| (started, completed)).unzip();
        let columns = [
            Column::Texts(resources),
            Column::Dates(months),
            Column::Counts(started),
            Column::Counts(completed),
        ];
        db.change(query!("resource_load_add").columns(columns)).await?;
        Ok(())
    }
}

/// Whose work it is, in which month.
fn place<E>(event: &Recorded<E>) -> (&str, Date) {
    (event.metadata.actor.as_deref().unwrap_or_default(), month(event.occurred_at()))
}

impl ResourceMonth {
    pub(super) async fn read(db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("resource_load_read")).await?.into_iter().map(Self::of).collect())
    }

    /// The same from the events up to a position.
    pub(super) async fn recount(upto: i64, db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("resource_load_recount").upto(upto)).await?.into_iter().map(Self::of).collect())
    }

    fn of((resource, month, started, completed): (String, Date, i64, i64)) -> Self {
        Self { resource, month, started, completed }
    }
}

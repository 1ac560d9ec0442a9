//! How many applications came in and ended in which way, month by month.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use es_core::projection::{ProjectBatch, ProjectSetup, Projection};
use time::Date;

use super::calendar::month;
use super::model::{Column, Model, query};
use crate::domain::{Approved, Cancelled, Declined, Submitted};

/// Counts the applications that were submitted, approved, declined and cancelled in each month.
#[derive(Debug, Projection)]
#[projection(
    name = "outcomes",
    events(Submitted, Approved, Declined, Cancelled),
    model = Db,
    error = sqlx::Error,
    batch,
    setup
)]
pub struct Outcomes<Db: Model>(pub(super) PhantomData<fn() -> Db>);

/// A month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeMonth {
    /// Its first day.
    pub month: Date,
    /// How many applications came in.
    pub submitted: i64,
    /// How many of all were approved then; they may have come in earlier.
    pub approved: i64,
    /// How many were declined.
    pub declined: i64,
    /// How many were cancelled.
    pub cancelled: i64,
}

impl<Db: Model> ProjectSetup for Outcomes<Db> {
    async fn setup(&self, db: &mut Db) -> Result<(), sqlx::Error> {
        db.make(query!("outcomes_make")).await
    }
}

impl<Db: Model> ProjectBatch for Outcomes<Db> {
    async fn project_batch(&self, events: &[OutcomesEvent], db: &mut Db) -> Result<(), sqlx::Error> {
        let mut counts = BTreeMap::<Date, [i64; 4]>::new();
        for event in events {
            let (at, column) = match event {
                OutcomesEvent::Submitted(event) => (event.occurred_at(), 0),
                OutcomesEvent::Approved(event) => (event.occurred_at(), 1),
                OutcomesEvent::Declined(event) => (event.occurred_at(), 2),
                OutcomesEvent::Cancelled(event) => (event.occurred_at(), 3),
            };
            counts.entry(month(at)).or_default()[column] += 1;
        }
        let months = Column::Dates(counts.keys().copied().collect());
        let [submitted, approved, declined, cancelled] =
            [0, 1, 2, 3].map(|column| Column::Counts(counts.values().map(|counts| counts[column]).collect()));
        let columns = [months, submitted, approved, declined, cancelled];
        db.change(query!("outcomes_add").columns(columns)).await?;
        Ok(())
    }
}

impl OutcomeMonth {
    pub(super) async fn read(db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("outcomes_read")).await?.into_iter().map(Self::of).collect())
    }

    /// The same from the events up to a position.
    pub(super) async fn recount(upto: i64, db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("outcomes_recount").upto(upto)).await?.into_iter().map(Self::of).collect())
    }

    const fn of((month, submitted, approved, declined, cancelled): (Date, i64, i64, i64, i64)) -> Self {
        Self { month, submitted, approved, declined, cancelled }
    }
}

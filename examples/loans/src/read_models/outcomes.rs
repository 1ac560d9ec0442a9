//! How many applications came in and ended in which way, month by month.

use std::collections::BTreeMap;

use es_core::{ProjectBatch, ProjectSetup, Projection};
use sqlx::{Executor, PgConnection};
use time::Date;

use super::calendar::month;
use crate::domain::{Approved, Cancelled, Declined, Submitted};

/// Counts the applications that were submitted, approved, declined and cancelled in each month.
#[derive(Debug, Projection)]
#[projection(
    name = "outcomes",
    events(Submitted, Approved, Declined, Cancelled),
    model = PgConnection,
    error = sqlx::Error,
    batch,
    setup
)]
pub struct Outcomes;

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

impl ProjectSetup for Outcomes {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        db.execute(include_str!("sql/outcomes_make.sql")).await?;
        Ok(())
    }
}

impl ProjectBatch for Outcomes {
    async fn project_batch(
        &self,
        events: &[OutcomesEvent],
        db: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
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
        let column = |column: usize| counts.values().map(|counts| counts[column]).collect::<Vec<_>>();
        sqlx::query(include_str!("sql/outcomes_add.sql"))
            .bind(counts.keys().copied().collect::<Vec<_>>())
            .bind(column(0))
            .bind(column(1))
            .bind(column(2))
            .bind(column(3))
            .execute(db)
            .await?;
        Ok(())
    }
}

impl OutcomeMonth {
    pub(super) async fn read(db: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let rows = sqlx::query_as(include_str!("sql/outcomes_read.sql")).fetch_all(db).await?;
        Ok(rows.into_iter().map(Self::of).collect())
    }

    /// The same from the events up to a position.
    pub(super) async fn recount(upto: i64, db: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let rows = sqlx::query_as(include_str!("sql/outcomes_recount.sql")).bind(upto).fetch_all(db).await?;
        Ok(rows.into_iter().map(Self::of).collect())
    }

    const fn of((month, submitted, approved, declined, cancelled): (Date, i64, i64, i64, i64)) -> Self {
        Self { month, submitted, approved, declined, cancelled }
    }
}

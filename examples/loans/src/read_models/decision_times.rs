//! How long customers wait for a decision.

use std::marker::PhantomData;

use es_core::Recorded;
use es_core::projection::{ProjectBatch, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::time::OffsetDateTime;

use super::model::{Column, Model, query};
use crate::domain::{Approved, Cancelled, Declined, Outcome, Submitted};

/// The hours from which on a decision belongs to the next group of
/// [`Figures::decided_within`](super::Figures::decided_within).
pub const HOURS: [f64; 7] = [1.0, 4.0, 24.0, 72.0, 168.0, 336.0, 672.0];

/// Keeps when each application was submitted and when it was approved, declined or cancelled, and the hours
/// in between.
#[derive(Debug, Projection)]
#[projection(name = "decision_times", events(Submitted, Approved, Declined, Cancelled), model = Db, batch, setup)]
pub struct DecisionTimes<Db: Model>(pub(super) PhantomData<fn() -> Db>);

/// How long the applications of one outcome took.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionTime {
    /// Which; `None` for all that are decided.
    pub outcome: Option<String>,
    /// How many.
    pub applications: i64,
    /// Half of them took no longer than so many hours.
    pub median: f64,
    /// Nine out of ten took no longer than so many hours.
    pub p90: f64,
}

impl<Db: Model> ProjectSetup for DecisionTimes<Db> {
    async fn setup(&self, db: &mut Db) -> Result<(), BoxError> {
        Ok(db.make(query!("decision_times_make")).await?)
    }
}

impl<Db: Model> ProjectBatch for DecisionTimes<Db> {
    async fn project_batch(&self, events: &[DecisionTimesEvent], db: &mut Db) -> Result<(), BoxError> {
        let (mut submitted, mut submitted_at) = (Vec::new(), Vec::new());
        let (mut decided, mut decided_at, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            let ((application, at), outcome) = match event {
                DecisionTimesEvent::Submitted(event) => (place(event), None),
                DecisionTimesEvent::Approved(event) => (place(event), Some(Outcome::Approved)),
                DecisionTimesEvent::Declined(event) => (place(event), Some(Outcome::Declined)),
                DecisionTimesEvent::Cancelled(event) => (place(event), Some(Outcome::Cancelled)),
            };
            if let Some(outcome) = outcome {
                decided.push(application);
                decided_at.push(at);
                outcomes.push(outcome.to_string());
            } else {
                submitted.push(application);
                submitted_at.push(at);
            }
        }
        // All submissions first: an application is decided after it was submitted, in the same batch as well.
        let columns = [Column::Texts(submitted), Column::Times(submitted_at)];
        db.change(query!("decision_times_submit").columns(columns)).await?;
        let expected = outcomes.len() as u64;
        let outcomes = outcomes.iter().map(String::as_str).collect();
        let columns = [Column::Texts(decided), Column::Times(decided_at), Column::Texts(outcomes)];
        match db.change(query!("decision_times_decide").columns(columns)).await? == expected {
            true => Ok(()),
            false => Err("an application was decided twice, or without being submitted".into()),
        }
    }
}

/// Whose event it is, and when it happened.
fn place<E>(event: &Recorded<E>) -> (&str, OffsetDateTime) {
    (event.stream.key(), event.occurred_at())
}

impl DecisionTime {
    pub(super) async fn read(db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("decision_times_read")).await?.into_iter().map(Self::of).collect())
    }

    /// The same from the events up to a position.
    pub(super) async fn recount(upto: i64, db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("decision_times_recount").upto(upto)).await?.into_iter().map(Self::of).collect())
    }

    fn of((outcome, applications, median, p90): (Option<String>, i64, f64, f64)) -> Self {
        Self { outcome, applications, median, p90 }
    }

    /// How many applications were decided in each of the spans between [`HOURS`], the first one below them.
    pub(super) async fn read_spans(db: &mut impl Model) -> Result<Spans, sqlx::Error> {
        Ok(spans(&db.rows(query!("decision_times_read_spans").columns(bounds())).await?))
    }

    /// The same from the events up to a position.
    pub(super) async fn recount_spans(upto: i64, db: &mut impl Model) -> Result<Spans, sqlx::Error> {
        let query = query!("decision_times_recount_spans").upto(upto).columns(bounds());
        Ok(spans(&db.rows(query).await?))
    }
}

fn bounds() -> [Column<'static>; 1] {
    [Column::Hours(HOURS.to_vec())]
}

/// How many there are in each span.
pub(super) type Spans = [i64; HOURS.len() + 1];

fn spans(rows: &[(i32, i64)]) -> Spans {
    let mut spans = Spans::default();
    for (span, applications) in rows {
        if let Some(place) = usize::try_from(*span).ok().and_then(|span| spans.get_mut(span)) {
            *place = *applications;
        }
    }
    spans
}

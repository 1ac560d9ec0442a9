//! The same figures from the events, by SQL over the view `event_log`: what the read models are compared
//! with.

use std::fmt;

use sqlx::SqlSafeStr;

use super::decision_times::DecisionTime;
use super::figures::{Figures, FiguresError, positions};
use super::model::Model;
use super::outcomes::OutcomeMonth;
use super::resource_load::ResourceMonth;
use super::work_in_progress::WorkDay;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Recount {
    /// What the read models say.
    pub figures: Figures,
    /// How many numbers were compared.
    pub numbers: usize,
    /// Where the events say something else.
    pub differences: Vec<Difference>,
}

/// A figure of a read model that is not what the events say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The read model.
    pub read_model: &'static str,
    /// What it says; `None` if it has no such row.
    pub found: Option<String>,
    /// What the events say; `None` if they say nothing of the kind.
    pub expected: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read_model, found, expected } = self;
        let nothing = "nothing";
        let (found, expected) = (found.as_deref().unwrap_or(nothing), expected.as_deref().unwrap_or(nothing));
        write!(f, "{read_model}: the read model says {found}, the events say {expected}")
    }
}

/// Compares the read models with the events, number for number, at one moment.
///
/// Each read model is compared with the events up to its checkpoint, which moves in one transaction with it.
/// So the comparison is exact while events are written and projected. In files, where the events are read as
/// of a moment later, this is as true: none is added below a checkpoint.
pub(super) async fn recount<Db: Model>(db: &mut Db) -> Result<Recount, FiguresError> {
    let mut moment = db.begin_with(Db::ONE_MOMENT.into_sql_str()).await?;
    let db = &mut *moment;
    let positions = positions(db).await?;
    let figures = Figures::read_now(db).await?;
    let upto = |name: &str| positions.get(name).copied().ok_or(FiguresError::NotMade);
    let expected = Figures {
        outcomes: OutcomeMonth::recount(upto("outcomes")?, db).await?,
        decision_times: DecisionTime::recount(upto("decision_times")?, db).await?,
        decided_within: DecisionTime::recount_spans(upto("decision_times")?, db).await?,
        work: WorkDay::recount(upto("work_in_progress")?, db).await?,
        load: ResourceMonth::recount(upto("resource_load")?, db).await?,
    };
    moment.rollback().await?;
    let mut differences = Vec::new();
    compare("outcomes", &figures.outcomes, &expected.outcomes, &mut differences);
    compare("decision_times", &figures.decision_times, &expected.decision_times, &mut differences);
    compare("decision_times", &figures.decided_within, &expected.decided_within, &mut differences);
    compare("work_in_progress", &figures.work, &expected.work, &mut differences);
    compare("resource_load", &figures.load, &expected.load, &mut differences);
    let numbers = figures.outcomes.len() * 4
        + figures.decision_times.len() * 3
        + figures.decided_within.len()
        + figures.work.len() * 5
        + figures.load.len() * 2;
    Ok(Recount { figures, numbers, differences })
}

/// Notes the rows that only one of them has.
fn compare<T: PartialEq + fmt::Debug>(
    read_model: &'static str,
    found: &[T],
    expected: &[T],
    differences: &mut Vec<Difference>,
) {
    for at in 0..found.len().max(expected.len()) {
        let (found, expected) = (found.get(at), expected.get(at));
        if found != expected {
            let text = |row: Option<&T>| row.map(|row| format!("{row:?}"));
            differences.push(Difference { read_model, found: text(found), expected: text(expected) });
        }
    }
}

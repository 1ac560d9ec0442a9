//! The same figures from the events, by SQL over the view `event_log`: what the read models are compared
//! with.

use std::collections::HashMap;
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
    let positions = positions(&mut *moment).await?;
    let recount = recount_at(&positions, &mut *moment).await?;
    moment.rollback().await?;
    Ok(recount)
}

/// The same in the caller's transaction, in which the read models are at these positions.
async fn recount_at(positions: &HashMap<String, i64>, db: &mut impl Model) -> Result<Recount, FiguresError> {
    let figures = Figures::read_now(db).await?;
    let upto = |name: &str| positions.get(name).copied().ok_or(FiguresError::NotMade);
    let expected = Figures {
        outcomes: OutcomeMonth::recount(upto("outcomes")?, db).await?,
        decision_times: DecisionTime::recount(upto("decision_times")?, db).await?,
        decided_within: DecisionTime::recount_spans(upto("decision_times")?, db).await?,
        work: WorkDay::recount(upto("work_in_progress")?, db).await?,
        load: ResourceMonth::recount(upto("resource_load")?, db).await?,
    };
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{env, fs, process};

    use es_core::Repository;
    use es_sqlite::SqliteStore;

    use super::*;
    use crate::domain::Application;
    use crate::import::{Import, Source};
    use crate::read_models::files::Files;
    use crate::read_models::runner::{ReadModels, Until};

    async fn project(store: &SqliteStore, file: &Path, log: &str) {
        let log_file = file.with_extension("jsonl");
        fs::write(&log_file, log).expect("the folder takes files");
        let import = Import::new(Repository::<Application, _>::new(store.clone()));
        let imported = import.run(&Source::from(log_file), Default::default(), std::future::pending()).await;
        assert_eq!(imported.expect("nothing is wrong with it").problems.all(), 0);
        for done in ReadModels::in_files(store, file).start(Until::CaughtUp).join_all().await {
            done.expect("all events are projected");
        }
    }

    /// Events and read models change between the first statement of a moment and the others.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_moment_of_files_stays_what_it_is_while_events_are_projected() {
        let folder = env::temp_dir().join(format!("loans-moment-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("loans.db");
        let store = SqliteStore::open(&file).await.expect("a store");
        let sample = include_str!("../../sample.jsonl");
        let half: String = sample.split_inclusive('\n').take(90).collect();
        project(&store, &file, &half).await;
        let files = Files::beside(&store, &file);
        let before = Figures::read(&mut files.open().await.expect("it is there")).await.expect("an answer");

        let mut db = files.open().await.expect("it is there");
        let one_moment = <sqlx::SqliteConnection as Model>::ONE_MOMENT;
        let mut moment = sqlx::Connection::begin_with(&mut db, one_moment).await.expect("it begins");
        let positions = positions(&mut *moment).await.expect("an answer");
        project(&store, &file, sample).await;
        let recount = recount_at(&positions, &mut *moment).await.expect("both answer");
        assert_eq!((recount.differences, recount.figures), (Vec::new(), before.clone()));
        moment.rollback().await.expect("it ends");

        let after = Figures::read(&mut db).await.expect("an answer");
        assert_ne!(after, before);
        fs::remove_dir_all(folder).expect("it is removed");
    }
}

//! What is waiting, what is being done.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use es_core::Recorded;
use es_core::projection::{ProjectBatch, ProjectSetup, Projection};
use time::Date;

use super::calendar::day;
use super::model::{Column, Model, query};
use crate::domain::{WorkCompleted, WorkItem, WorkScheduled, WorkStarted};

/// Follows each work item of each application, by the rules of [`Desk`](crate::domain::Desk), and counts day
/// by day.
///
/// A work item waits from when it is scheduled until somebody starts it, or closes it without that. It is in
/// progress, as often as it was started, until it is completed as often.
#[derive(Debug, Projection)]
#[projection(
    name = "work_in_progress",
    events(WorkScheduled, WorkStarted, WorkCompleted),
    model = Db,
    error = sqlx::Error,
    batch,
    setup
)]
pub struct WorkInProgress<Db: Model>(pub(super) PhantomData<fn() -> Db>);

/// A work item on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDay {
    /// The day.
    pub day: Date,
    /// The work item, by its name in events.
    pub item: String,
    /// How often it was scheduled.
    pub scheduled: i64,
    /// How often somebody began with it.
    pub started: i64,
    /// How often it was completed or closed.
    pub completed: i64,
    /// How many more were waiting at the end of the day than at its beginning.
    pub waiting: i64,
    /// How many more were in progress.
    pub in_progress: i64,
}

/// One work item of one application.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    waiting: bool,
    in_progress: i32,
}

/// Scheduled, started, completed; and the changes of what waits and is in progress.
type Counts = [i64; 5];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkStep {
    Scheduled,
    Started,
    Completed,
}

impl Open {
    fn take(&mut self, step: WorkStep) {
        match step {
            WorkStep::Scheduled => self.waiting = true,
            WorkStep::Started => {
                (self.waiting, self.in_progress) = (false, self.in_progress.saturating_add(1));
            }
            WorkStep::Completed if self.in_progress > 0 => self.in_progress -= 1,
            // Nobody is at work: a scheduled item is closed.
            WorkStep::Completed => self.waiting = false,
        }
    }
}

impl<Db: Model> ProjectSetup for WorkInProgress<Db> {
    async fn setup(&self, db: &mut Db) -> Result<(), sqlx::Error> {
        db.make(query!("work_in_progress_make")).await
    }
}

impl<Db: Model> ProjectBatch for WorkInProgress<Db> {
    async fn project_batch(&self, events: &[WorkInProgressEvent], db: &mut Db) -> Result<(), sqlx::Error> {
        let steps: Vec<_> = events.iter().map(step).collect();
        let mut open = read_open(&steps, db).await?;
        let mut days = BTreeMap::<(Date, &str), Counts>::new();
        for &(application, item, day, step) in &steps {
            let work = open.entry((application, item)).or_default();
            let before = *work;
            work.take(step);
            let counts = days.entry((day, item)).or_default();
            counts[step as usize] += 1;
            counts[3] += i64::from(work.waiting) - i64::from(before.waiting);
            counts[4] += i64::from(work.in_progress) - i64::from(before.in_progress);
        }
        write_open(&open, db).await?;
        write_days(&days, db).await
    }
}

/// Whose work it is, what, on which day, and what was done.
fn step(event: &WorkInProgressEvent) -> (&str, &'static str, Date, WorkStep) {
    fn of<E>(event: &Recorded<E>, item: WorkItem, step: WorkStep) -> (&str, &'static str, Date, WorkStep) {
        (event.stream.key(), item.name(), day(event.occurred_at()), step)
    }
    match event {
        WorkInProgressEvent::WorkScheduled(event) => of(event, event.event.item, WorkStep::Scheduled),
        WorkInProgressEvent::WorkStarted(event) => of(event, event.event.item, WorkStep::Started),
        WorkInProgressEvent::WorkCompleted(event) => of(event, event.event.item, WorkStep::Completed),
    }
}

type OpenWork<'a> = BTreeMap<(&'a str, &'static str), Open>;

/// Where the work of a batch stood before.
async fn read_open<'a>(
    steps: &[(&'a str, &'static str, Date, WorkStep)],
    db: &mut impl Model,
) -> Result<OpenWork<'a>, sqlx::Error> {
    let mut open: OpenWork<'a> = steps.iter().map(|step| ((step.0, step.1), Open::default())).collect();
    let found: Vec<(i64, bool, i32)> =
        db.rows(query!("work_in_progress_find").columns(places(&open))).await?;
    let mut found = found.into_iter().peekable();
    for (row, work) in (1..).zip(open.values_mut()) {
        if let Some((_, waiting, in_progress)) = found.next_if(|found| found.0 == row) {
            *work = Open { waiting, in_progress };
        }
    }
    Ok(open)
}

/// Which work it is.
fn places<'a>(open: &OpenWork<'a>) -> [Column<'a>; 2] {
    let (applications, items) = open.keys().copied().unzip();
    [Column::Texts(applications), Column::Texts(items)]
}

async fn write_open(open: &OpenWork<'_>, db: &mut impl Model) -> Result<(), sqlx::Error> {
    let columns = || {
        let [applications, items] = places(open);
        let waiting = open.values().map(|work| work.waiting).collect();
        let in_progress = open.values().map(|work| work.in_progress.into()).collect();
        [applications, items, Column::Flags(waiting), Column::Counts(in_progress)]
    };
    db.change(query!("work_in_progress_forget").columns(columns())).await?;
    db.change(query!("work_in_progress_keep").columns(columns())).await?;
    Ok(())
}

async fn write_days(days: &BTreeMap<(Date, &str), Counts>, db: &mut impl Model) -> Result<(), sqlx::Error> {
    let (dates, items) = days.keys().copied().unzip();
    let counts = (0..5).map(|column| Column::Counts(days.values().map(|counts| counts[column]).collect()));
    let columns: Vec<_> = [Column::Dates(dates), Column::Texts(items)].into_iter().chain(counts).collect();
    db.change(query!("work_in_progress_add").columns(columns)).await?;
    Ok(())
}

impl WorkDay {
    pub(super) async fn read(db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("work_in_progress_read")).await?.into_iter().map(Self::of).collect())
    }

    /// The same from the events up to a position.
    pub(super) async fn recount(upto: i64, db: &mut impl Model) -> Result<Vec<Self>, sqlx::Error> {
        Ok(db.rows(query!("work_in_progress_recount").upto(upto)).await?.into_iter().map(Self::of).collect())
    }

    fn of(row: (Date, String, i64, i64, i64, i64, i64)) -> Self {
        let (day, item, scheduled, started, completed, waiting, in_progress) = row;
        Self { day, item, scheduled, started, completed, waiting, in_progress }
    }
}

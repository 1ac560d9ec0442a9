//! `recount`: the read models against the events.

use std::fmt::Write;

use crate::cli::failure::Failure;
use crate::cli::output::print;
use crate::read_models::{ReadModels, Recount};
use crate::table::{Table, grouped};

/// How many differences are printed.
const PRINTED: usize = 20;

pub(super) async fn recount(read_models: &ReadModels) -> Result<(), Failure> {
    let recount = read_models.recount().await?;
    print(&figures(&recount))?;
    if recount.differences.is_empty() {
        return print(&format!("{} numbers, and the events say the same", grouped(recount.numbers as u64)));
    }
    let mut message = match recount.differences.len() {
        1 => String::from("1 row of the read models is not what the events say"),
        rows => format!("{} rows of the read models are not what the events say", grouped(rows as u64)),
    };
    for difference in recount.differences.iter().take(PRINTED) {
        let _ = write!(message, "\n{difference}");
    }
    Err(Failure::unable(message))
}

/// The figures that fit on a page.
fn figures(recount: &Recount) -> String {
    let figures = &recount.figures;
    let number = |number: i64| grouped(number.unsigned_abs());
    let mut outcomes = Table::new(["month", ">submitted", ">approved", ">declined", ">cancelled"]);
    for row in &figures.outcomes {
        let month = row.month.to_string()[..7].to_owned();
        outcomes.row([
            month,
            number(row.submitted),
            number(row.approved),
            number(row.declined),
            number(row.cancelled),
        ]);
    }
    let mut hours = Table::new(["outcome", ">decided", ">median (h)", ">p90 (h)"]);
    for row in &figures.decision_times {
        let outcome = row.outcome.clone().unwrap_or_else(|| String::from("all"));
        hours.row([
            outcome,
            number(row.applications),
            format!("{:.3}", row.median),
            format!("{:.3}", row.p90),
        ]);
    }
    let mut work =
        Table::new(["work item", ">waiting", ">in progress", ">scheduled", ">started", ">completed"]);
    for (item, [scheduled, started, completed, waiting, in_progress]) in figures.work_by_item() {
        let numbers = [waiting, in_progress, scheduled, started, completed].map(number);
        let [waiting, in_progress, scheduled, started, completed] = numbers;
        work.row([item, waiting, in_progress, scheduled, started, completed]);
    }
    let mut load = Table::new(["resource", ">started", ">completed"]);
    for (resource, [started, completed]) in figures.load_by_resource().into_iter().take(10) {
        let resource = if resource.is_empty() { String::from("(not named)") } else { resource };
        load.row([resource, number(started), number(completed)]);
    }
    format!("{outcomes}\n{hours}\n{work}\n{load}")
}

//! The state of an application in words.

use crate::domain::{Application, WorkItem};
use crate::table::Table;

pub(super) fn described(application: &Application) -> Table<2> {
    let Application { requested, currency: _, stage, offers, desk } = application;
    let offer = match (offers.current, offers.next_selected) {
        (None, false) => "none".to_owned(),
        (None, true) => "selected".to_owned(),
        (Some(offer), false) => offer.to_string(),
        (Some(offer), true) => format!("{offer}; the next one is selected"),
    };
    let in_progress = match desk.in_progress {
        None => "nothing".to_owned(),
        Some((item, 1)) => item.to_string(),
        Some((item, people)) => format!("{item}, by {people} people"),
    };
    let scheduled: Vec<_> = desk.scheduled.iter().map(WorkItem::to_string).collect();
    let scheduled = if scheduled.is_empty() { "nothing".to_owned() } else { scheduled.join(", ") };

    let mut table = Table::new(["  requested", &format!("{requested} EUR")]);
    table.row(["  stage".into(), stage.to_string()]);
    table.row(["  outcome".into(), stage.outcome().to_string()]);
    table.row(["  offer".into(), format!("{offer} ({} sent in all)", offers.sent)]);
    table.row(["  in progress".into(), in_progress]);
    table.row(["  ever scheduled".into(), scheduled]);
    table.row(["  work completed".into(), desk.completed.to_string()]);
    table
}

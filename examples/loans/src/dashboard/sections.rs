//! The sections of the page, each rendered from the figures.

use std::fmt::Write;

use time::{Date, Duration};

use super::charts::{Columns, Heat, Layers, Series};
use super::text::{Escaped, count, hours as hours_text, month, percent, rounded};
use crate::domain::WorkItem;
use crate::read_models::{DecisionTime, Figures, OutcomeMonth, Standing};
use crate::table::grouped;

/// The number of months that are shown, ending with the newest.
const MONTHS: usize = 18;

/// The number of resources that are shown: those that completed the most work items.
const RESOURCES: usize = 14;

/// The maximum number of days in a chart; longer periods are thinned out.
const DAYS: usize = 400;

/// The labels of the spans between [`HOURS`](crate::read_models::HOURS).
const SPANS: [&str; 8] = ["< 1 h", "1–4 h", "4–24 h", "1–3 d", "3–7 d", "1–2 w", "2–4 w", "> 4 w"];

const NOTHING_YET: &str = "<p class=\"empty\">Nothing yet.</p>\n";

/// The colours of [`WorkItem::ALL`], chosen so that adjacent layers of the chart differ clearly.
const WORK_COLOURS: [usize; 7] = [0, 4, 5, 3, 7, 6, 1];

/// The sums over all months.
#[derive(Default)]
struct Sums {
    submitted: i64,
    approved: i64,
    declined: i64,
    cancelled: i64,
}

impl Sums {
    fn of(figures: &Figures) -> Self {
        figures.outcomes.iter().fold(Self::default(), |sums, month| Self {
            submitted: sums.submitted + month.submitted,
            approved: sums.approved + month.approved,
            declined: sums.declined + month.declined,
            cancelled: sums.cancelled + month.cancelled,
        })
    }

    const fn decided(&self) -> i64 {
        self.approved + self.declined + self.cancelled
    }

    const fn open(&self) -> i64 {
        self.submitted - self.decided()
    }
}

/// The key figures at the top of the page.
pub(super) fn tiles(figures: &Figures) -> String {
    let sums = Sums::of(figures);
    let all = figures.decision_times.iter().find(|times| times.outcome.is_none());
    let time =
        |of: fn(&DecisionTime) -> f64| all.map_or_else(|| String::from("–"), |times| hours_text(of(times)));
    let tiles = [
        ("submitted", "Applications", count(sums.submitted)),
        ("decided", "Decided", count(sums.decided())),
        ("open", "Still open", count(sums.open())),
        ("approved", "Approved share", percent(sums.approved, sums.decided())),
        ("median", "Half decided within", time(|times| times.median)),
        ("p90", "Nine of ten within", time(|times| times.p90)),
    ];
    let mut html = String::from("<div class=\"tiles\">\n");
    for (id, name, value) in tiles {
        let _ = writeln!(
            html,
            "<div class=\"tile\" id=\"{id}\"><span>{name}</span><strong>{value}</strong></div>"
        );
    }
    html.push_str("</div>\n");
    html
}

pub(super) fn outcomes(figures: &Figures) -> String {
    let months = last(&figures.outcomes, MONTHS);
    if months.is_empty() {
        return NOTHING_YET.to_owned();
    }
    let of = |number: fn(&OutcomeMonth) -> i64| months.iter().map(number).collect::<Vec<_>>();
    let columns = Columns {
        labels: months.iter().map(|row| month(row.month)).collect(),
        series: vec![
            Series { name: "approved".into(), class: 0, values: of(|month| month.approved) },
            Series { name: "declined".into(), class: 1, values: of(|month| month.declined) },
            Series { name: "cancelled".into(), class: 2, values: of(|month| month.cancelled) },
        ],
        line: Some(("submitted".into(), of(|month| month.submitted))),
    };
    let sums = Sums::of(figures);
    let mut table = String::from("<table><tr><th>Outcome</th><th>Applications</th><th>Share</th></tr>\n");
    let rows = [
        ("approved", sums.approved),
        ("declined", sums.declined),
        ("cancelled", sums.cancelled),
        ("still open", sums.open()),
    ];
    for (name, number) in rows {
        let share = percent(number, sums.submitted);
        let _ = writeln!(table, "<tr><td>{name}</td><td>{}</td><td>{share}</td></tr>", count(number));
    }
    format!("{columns}<div class=\"scroll\">{table}</table></div>\n")
}

pub(super) fn hours(figures: &Figures) -> String {
    if figures.decision_times.is_empty() {
        return NOTHING_YET.to_owned();
    }
    let values = figures.decided_within.to_vec();
    let columns = Columns {
        labels: SPANS.map(str::to_owned).to_vec(),
        series: vec![Series { name: "decided".into(), class: 5, values }],
        line: None,
    };
    let mut table = String::from(
        "<table><tr><th>Outcome</th><th>Applications</th><th>Median</th><th>Nine of ten within</th></tr>\n",
    );
    for times in &figures.decision_times {
        let outcome = times.outcome.as_deref().unwrap_or("all");
        let _ = writeln!(
            table,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            Escaped(outcome),
            count(times.applications),
            hours_text(times.median),
            hours_text(times.p90)
        );
    }
    format!("{columns}<div class=\"scroll\">{table}</table></div>\n")
}

pub(super) fn work(figures: &Figures) -> String {
    let (Some(first), Some(end)) = (figures.work.first(), figures.work.last()) else {
        return NOTHING_YET.to_owned();
    };
    let items = figures.work_by_item();
    let days = shown_days(first.day, end.day);
    let series = items.iter().map(|(item, _)| Series {
        name: title(item),
        class: colour(item),
        values: open_on(figures, item, &days),
    });
    let series = series.collect();
    let layers = Layers { days, series };
    let mut table = String::from(
        "<table><tr><th>Work item</th><th>Waiting</th><th>In progress</th><th>Scheduled in all</th><th>Started</th>\
         <th>Completed</th></tr>\n",
    );
    for (item, [scheduled, started, completed, waiting, in_progress]) in &items {
        let title = title(item);
        let _ = write!(table, "<tr><td><i class=\"key s{}\"></i>{}</td>", colour(item), Escaped(&title));
        for number in [waiting, in_progress, scheduled, started, completed] {
            let _ = write!(table, "<td>{}</td>", count(*number));
        }
        table.push_str("</tr>\n");
    }
    format!("<div class=\"scroll\">{layers}</div><div class=\"scroll\">{table}</table></div>\n")
}

/// The days between two, both included, thinned out so that the last one is among them.
fn shown_days(first: Date, end: Date) -> Vec<Date> {
    let all = usize::try_from((end - first).whole_days()).unwrap_or_default();
    let step = all / DAYS + 1;
    let back = (0..=all).step_by(step);
    let mut days: Vec<Date> =
        back.filter_map(|back| end.checked_sub(Duration::days(i64::try_from(back).ok()?))).collect();
    days.reverse();
    days
}

/// How much of a work item is open at the end of each of these days.
fn open_on(figures: &Figures, item: &str, days: &[Date]) -> Vec<i64> {
    let mut changes = figures.work.iter().filter(|row| row.item == item).peekable();
    let mut open = 0;
    let on = |day: &Date| {
        while let Some(row) = changes.next_if(|row| row.day <= *day) {
            open += row.waiting + row.in_progress;
        }
        open
    };
    days.iter().map(on).collect()
}

fn known(item: &str) -> Option<WorkItem> {
    WorkItem::ALL.into_iter().find(|known| known.name() == item)
}

fn colour(item: &str) -> usize {
    known(item).map_or(2, |item| WORK_COLOURS[item as usize])
}

/// The name of a work item as the page shows it.
fn title(item: &str) -> String {
    let name = known(item).map_or_else(|| item.to_owned(), |known| known.to_string());
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(super) fn load(figures: &Figures) -> String {
    let mut months: Vec<Date> = figures.load.iter().map(|row| row.month).collect();
    months.sort_unstable();
    months.dedup();
    let months = last(&months, MONTHS);
    if months.is_empty() {
        return NOTHING_YET.to_owned();
    }
    let completed = |is: &dyn Fn(&str) -> bool| {
        let of = |month| {
            let rows = figures.load.iter().filter(|row| row.month == month && is(&row.resource));
            rows.map(|row| row.completed).sum::<i64>()
        };
        months.iter().copied().map(of).collect::<Vec<_>>()
    };
    let (named, unnamed): (Vec<_>, Vec<_>) = figures
        .load_by_resource()
        .into_iter()
        .map(|(resource, _)| resource)
        .partition(|name| !name.is_empty());
    let (shown, others) = named.split_at(named.len().min(RESOURCES));
    let mut rows: Vec<_> =
        shown.iter().map(|name| (name.clone(), completed(&|other| other == name))).collect();
    if !others.is_empty() {
        let is_other = |name: &str| others.iter().any(|other| other == name);
        rows.push((format!("{} others", others.len()), completed(&is_other)));
    }
    if !unnamed.is_empty() {
        rows.push((String::from("not named"), completed(&str::is_empty)));
    }
    let apart = rows.len() - shown.len();
    let heat = Heat { columns: months.iter().copied().map(month).collect(), rows, apart };
    format!("<div class=\"scroll\">{heat}</div>\n")
}

pub(super) fn standings(standings: &[Standing]) -> String {
    let mut table = String::from(
        "<div class=\"scroll\"><table><tr><th>Read model</th><th>Position</th><th>Behind</th><th>Events taken</th>\
         <th>Events a second</th><th>Dead letters</th><th>State</th></tr>\n",
    );
    for standing in standings {
        let name = standing.name.replace('_', " ");
        let Some(status) = &standing.status else {
            let _ = writeln!(table, "<tr><td>{name}</td><td colspan=\"6\">never run</td></tr>");
            continue;
        };
        let projected: u64 = status.partitions.iter().map(|partition| partition.projected).sum();
        let per_second: f64 = status.partitions.iter().map(|partition| partition.per_second).sum();
        let state = match (status.error(), status.lag_events()) {
            (Some(error), _) => format!("<td class=\"wide bad\">{}</td>", Escaped(error)),
            (None, 0) => String::from("<td>up to date</td>"),
            (None, _) => String::from("<td>catching up</td>"),
        };
        let _ = writeln!(
            table,
            "<tr><td>{name}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>{state}</tr>",
            grouped(status.position().get()),
            grouped(status.lag_events()),
            grouped(projected),
            rounded(per_second),
            grouped(status.dead_letters),
        );
    }
    table.push_str("</table></div>\n");
    if let Some(latest) = standings.iter().filter_map(|standing| standing.status.as_ref()).next() {
        let _ = writeln!(
            table,
            "<p class=\"sub\">The store ends at position {}.</p>",
            grouped(latest.head.get())
        );
    }
    table
}

fn last<T>(all: &[T], most: usize) -> &[T] {
    &all[all.len().saturating_sub(most)..]
}

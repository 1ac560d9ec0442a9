//! `remind`: runs the process to the end of the log, and compares its reminders with the events.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use es_core::EventStore;
use es_core::reactor::CheckpointStore;

use super::args::Kept;
use super::ctrl_c::ctrl_c;
use super::failure::Failure;
use super::note::note;
use super::output::print;
use super::progress::rate;
use super::store::{Opened, Purpose};
use crate::reminders::{EventLog, Expected, RemindError, Reminded, Reminders};
use crate::table::grouped;

/// The inputs of the process and its commands are worked on beside each other.
const CONNECTIONS: usize = 16;

/// How often a line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How many differences are printed.
const PRINTED: usize = 20;

pub(super) async fn remind(store: Kept) -> Result<(), Failure> {
    match Opened::kept(store, Purpose::Write, CONNECTIONS).await? {
        Opened::File(store, path) => remind_in(store, EventLog::file(&path)).await,
        Opened::Database(store, url) => remind_in(store, EventLog::Database(url)).await,
        Opened::Memory(_) => Err(Failure::unable(
            "nothing is kept in memory from one run to the next; name a file or a database with `--store`",
        )),
    }
}

async fn remind_in<S: EventStore + CheckpointStore>(store: S, log: EventLog) -> Result<(), Failure> {
    let (start, reminders) = (Instant::now(), Reminders::new(store));
    let reminded = tokio::select! {
        reminded = reminders.catch_up() => reminded?,
        never = progress(&reminders, start) => match never {},
        () = ctrl_c() => return Err(Failure::interrupted()),
    };
    let elapsed = start.elapsed();
    let expected = log.expected(reminded.position).await?;
    print(&summary(&expected, &reminded, elapsed))?;
    if expected.is_met() { Ok(()) } else { Err(Failure::unable(differences(&expected))) }
}

async fn progress<S: EventStore + CheckpointStore>(reminders: &Reminders<S>, start: Instant) -> Infallible {
    let mut ticks = tokio::time::interval_at((start + LINE_EVERY).into(), LINE_EVERY);
    loop {
        ticks.tick().await;
        let metrics = reminders.metrics();
        let taken = metrics.steps + metrics.ignored + metrics.repeated;
        let pace = grouped(rate(taken, start.elapsed()));
        note(&format!("{} steps, {} commands sent, {pace} a second", grouped(taken), grouped(metrics.sent)));
    }
}

fn summary(expected: &Expected, reminded: &Reminded, elapsed: Duration) -> String {
    let Reminded { position, metrics } = reminded;
    let taken = metrics.steps + metrics.ignored + metrics.repeated;
    format!(
        "{} reminders of {} applications, {} of which stand still at the end of the log\n\
         by SQL over the events: {}\n\
         {} steps up to position {} ({:.1} s, {} a second)",
        grouped(expected.events),
        grouped(expected.applications()),
        grouped(expected.silent_at_the_end),
        grouped(expected.by_rule.len() as u64),
        grouped(taken),
        grouped(position.get()),
        elapsed.as_secs_f64(),
        grouped(rate(taken, elapsed)),
    )
}

fn differences(expected: &Expected) -> String {
    let missing = expected.by_rule.difference(&expected.raised).map(|row| ("is missing", row));
    let surplus = expected.raised.difference(&expected.by_rule).map(|row| ("is not called for", row));
    let all: Vec<_> = missing.chain(surplus).collect();
    let twice = expected.events - expected.raised.len() as u64;
    let mut text = format!(
        "the reminders are not what the events call for: {} differ, {} were raised twice",
        grouped(all.len() as u64),
        grouped(twice)
    );
    for (what, (key, at)) in all.into_iter().take(PRINTED) {
        text.push_str(&format!("\nthat of {key} at {at} (microseconds since 1970) {what}"));
    }
    text
}

impl From<RemindError> for Failure {
    fn from(error: RemindError) -> Self {
        Self::unable(error)
    }
}

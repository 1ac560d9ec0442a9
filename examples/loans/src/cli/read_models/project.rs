//! `project`: runs the read models, and shows how far they have come.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use es_core::projection::ProjectorError;
use indicatif::{ProgressBar, ProgressDrawTarget};
use tokio::task::JoinSet;

use crate::cli::ctrl_c::ctrl_c;
use crate::cli::failure::Failure;
use crate::cli::note::note;
use crate::cli::output::print;
use crate::cli::progress::{rate, style};
use crate::read_models::{ReadModels, Standing, Until};
use crate::table::grouped;

/// How often the read models are asked how far they are.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Ends with Ctrl-C, once all have stopped because of errors, or once they have caught up, if that is asked
/// for.
pub(super) async fn project(read_models: &ReadModels, until: Until) -> Result<(), Failure> {
    let start = Instant::now();
    let mut tasks = read_models.start(until);
    let mut failed = Vec::new();
    let interrupted = tokio::select! {
        () = ended(&mut tasks, &mut failed) => false,
        () = show(read_models, until) => false,
        () = ctrl_c() => true,
    };
    if let Some(error) = failed.pop() {
        return Err(Failure::unable(error));
    }
    match (until, interrupted) {
        (Until::CaughtUp, true) => Err(Failure::interrupted()),
        (Until::CaughtUp, false) => print(&caught_up(&read_models.standings().await?, start.elapsed())),
        (Until::Stopped, _) => Ok(()),
    }
}

/// Waits for all of them. One that fails is reported at once, while others continue.
async fn ended(tasks: &mut JoinSet<Result<(), ProjectorError>>, failed: &mut Vec<String>) {
    while let Some(done) = tasks.join_next().await {
        let error = match done {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(error) => format!("a read model ended in disorder: {error}"),
        };
        if !tasks.is_empty() {
            note(&format!("stopped: {error}; the others continue"));
        }
        failed.push(error);
    }
}

fn caught_up(standings: &[Standing], elapsed: Duration) -> String {
    let (position, _) = place(standings).unwrap_or_default();
    format!(
        "{} read models caught up at position {} ({:.1} s)",
        standings.len(),
        grouped(position),
        elapsed.as_secs_f64()
    )
}

/// Where the one stands that is furthest behind, and where the events end; `None` while some are not set up.
fn place(standings: &[Standing]) -> Option<(u64, u64)> {
    let (mut position, mut head) = (u64::MAX, 0);
    for standing in standings {
        let status = standing.status.as_ref()?;
        position = position.min(status.position().get());
        head = head.max(status.head.get());
    }
    Some((position, head))
}

/// Shows how far they are, until it is dropped.
async fn show(read_models: &ReadModels, until: Until) {
    let mut shown = ProgressDisplay::new(until);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        match read_models.standings().await {
            Ok(standings) => shown.look(&standings),
            Err(error) => shown.away(&error),
        }
    }
}

/// What was shown of the read models so far: a bar on a terminal, lines elsewhere.
struct ProgressDisplay {
    bar: Option<ProgressBar>,
    until: Until,
    /// Since when they are behind, and where they were then.
    behind: Option<(Instant, u64)>,
    /// When the last line was written.
    line: Instant,
    said_caught_up: bool,
    away: bool,
}

impl ProgressDisplay {
    fn new(until: Until) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.with_style(style("{bar:32} {percent:>3} %  {msg}"))
        });
        Self { bar, until, behind: None, line: Instant::now(), said_caught_up: false, away: false }
    }

    fn look(&mut self, standings: &[Standing]) {
        if std::mem::take(&mut self.away) {
            note("the database answers again");
        }
        match place(standings) {
            Some((position, head)) if position < head => self.behind(position, head),
            Some((_, head)) => self.caught_up(head),
            None => {}
        }
    }

    fn behind(&mut self, position: u64, head: u64) {
        let (since, from) = *self.behind.get_or_insert_with(|| (Instant::now(), position));
        let pace = grouped(rate(position.saturating_sub(from), since.elapsed()));
        let text = format!("position {} of {}, {pace} events a second", grouped(position), grouped(head));
        match &self.bar {
            Some(bar) => show_at(bar, position, head, text),
            None if self.line.elapsed() >= LINE_EVERY => {
                self.line = Instant::now();
                note(&text);
            }
            None => {}
        }
    }

    fn caught_up(&mut self, head: u64) {
        let behind_long = self.behind.take().is_some_and(|(since, _)| since.elapsed() >= LINE_EVERY);
        let text = format!("caught up at position {}; following until Ctrl-C", grouped(head));
        match &self.bar {
            Some(bar) => show_at(bar, head, head, text),
            None if self.until == Until::Stopped && (behind_long || !self.said_caught_up) => {
                self.said_caught_up = true;
                note(&text);
            }
            None => {}
        }
    }

    fn away(&mut self, error: &ProjectorError) {
        if !std::mem::replace(&mut self.away, true) {
            note(&format!("waiting for the database: {error}"));
        }
    }
}

fn show_at(bar: &ProgressBar, position: u64, head: u64, text: String) {
    bar.set_length(head.max(1));
    bar.set_position(if head == 0 { 1 } else { position });
    bar.set_message(text);
}

/// Leaves the terminal clean.
impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

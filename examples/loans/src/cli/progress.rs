//! How far an import has come: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::note::note;
use crate::import::Count;
use crate::table::grouped;

/// How often the bar moves.
const BAR_EVERY: Duration = Duration::from_millis(200);

/// How often a line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows how far the import has come, until it is dropped.
pub(super) async fn progress(count: &Count) {
    let start = Instant::now();
    if io::stderr().is_terminal() {
        let mut bar = Bar::new();
        let mut ticks = tokio::time::interval(BAR_EVERY);
        loop {
            ticks.tick().await;
            bar.show(count, start.elapsed());
        }
    }
    let mut ticks = tokio::time::interval_at((start + LINE_EVERY).into(), LINE_EVERY);
    loop {
        ticks.tick().await;
        note(&status(count, start.elapsed()));
    }
}

/// A bar once the size of the source is known, until then only numbers. Leaves the terminal clean when it is
/// dropped.
struct Bar {
    bar: ProgressBar,
    size: Option<u64>,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self { bar: bar.with_style(style("{spinner}  {msg}")), size: None }
    }

    fn show(&mut self, count: &Count, elapsed: Duration) {
        if let (None, Some(size)) = (self.size, count.size()) {
            self.size = Some(size);
            self.bar.set_length(size);
            self.bar.set_style(style("{bar:32} {percent:>3} %  {msg}"));
        }
        self.bar.set_position(count.bytes());
        self.bar.set_message(status(count, elapsed));
        self.bar.tick();
    }
}

pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Records so far, records a second, and how long the rest takes at this pace.
fn status(count: &Count, elapsed: Duration) -> String {
    let done = count.written() + count.present();
    let rate = rate(done, elapsed);
    let mut status = format!("{} records, {} a second", grouped(done), grouped(rate));
    let (read, size) = (count.bytes(), count.size().unwrap_or(0));
    if done > 0 && (1..=size).contains(&read) {
        let left = elapsed.mul_f64((size - read) as f64 / read as f64);
        status.push_str(&format!(", {} left", shown(left)));
    }
    status
}

/// How many a second.
pub(super) fn rate(done: u64, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(done) * 1_000 / millis).unwrap_or(u64::MAX)
}

/// A time span, for people.
fn shown(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_and_rates_are_for_people() {
        assert_eq!(shown(Duration::from_millis(59_900)), "59 s");
        assert_eq!(shown(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(rate(262_200, Duration::from_secs(60)), 4_370);
        assert_eq!(rate(5, Duration::ZERO), 5_000);
    }
}

//! Times, percentiles, and the printed line.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Prints one measurement for the runner.
pub fn print(workload: &str, figures: &[(&str, f64)]) {
    let figures: Map<String, Value> =
        figures.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    println!("{}", json!({ "workload": workload, "figures": figures }));
}

/// Reports a wrong result next to the figures.
pub(crate) fn complain(column: &str, what: &str) {
    eprintln!("WRONG: {column}: {what}");
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn events_a_second(events: u64, since: Instant) -> f64 {
    events as f64 / since.elapsed().as_secs_f64()
}

/// The durations of the calls of one run.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, since: Instant) {
        self.0.push(since.elapsed());
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn count(&self) -> f64 {
        self.0.len() as f64
    }

    /// A percentile in milliseconds; 1.0 is the longest.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in the list"
    )]
    pub(crate) fn percentile(&mut self, part: f64) -> f64 {
        self.0.sort_unstable();
        let place = (self.0.len().saturating_sub(1) as f64 * part) as usize;
        self.0.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

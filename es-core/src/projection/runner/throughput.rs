//! How many events per second a worker has processed recently.

use std::time::Instant;

pub(in crate::projection) struct Throughput {
    last: Instant,
    pub(in crate::projection) per_second: f64,
}

impl Throughput {
    /// How many events a batch should hold, up to a maximum: what takes half a second, and at least a
    /// hundred.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturates")]
    pub(in crate::projection) fn fitting(&self, most: usize) -> usize {
        let fitting = if self.per_second == 0.0 { most } else { (self.per_second / 2.0) as usize };
        fitting.max(100).min(most)
    }

    pub(in crate::projection) fn new() -> Self {
        Self { last: Instant::now(), per_second: 0.0 }
    }

    pub(in crate::projection) fn moved(&mut self, events: usize) {
        let now = Instant::now();
        let seconds = now.duration_since(self.last).as_secs_f64().max(1e-6);
        self.last = now;
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        let this = f64::from(events) / seconds;
        self.per_second = if self.per_second == 0.0 { this } else { self.per_second * 0.8 + this * 0.2 };
    }
}

//! Counters of a process.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of the processes of a runner, and of its clones, in this program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessMetrics {
    /// Steps that were stored.
    pub steps: u64,
    /// Repeated inputs, which were processed before.
    pub repeated: u64,
    /// Inputs for no instance.
    pub unrelated: u64,
    /// Inputs, rejections and timers of finished instances.
    pub ignored: u64,
    /// Commands that were executed.
    pub sent: u64,
    /// Commands that were rejected.
    pub rejected: u64,
    /// Timers that fired.
    pub fired: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) steps: Counter,
    pub(crate) repeated: Counter,
    pub(crate) unrelated: Counter,
    pub(crate) ignored: Counter,
    pub(crate) sent: Counter,
    pub(crate) rejected: Counter,
    pub(crate) fired: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn read(&self) -> ProcessMetrics {
        ProcessMetrics {
            steps: self.steps.read(),
            repeated: self.repeated.read(),
            unrelated: self.unrelated.read(),
            ignored: self.ignored.read(),
            sent: self.sent.read(),
            rejected: self.rejected.read(),
            fired: self.fired.read(),
        }
    }
}

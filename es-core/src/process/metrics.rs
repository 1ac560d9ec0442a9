//! Counters of a process.

use crate::counter::Counter;

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
pub(crate) struct ProcessCounters {
    pub(crate) steps: Counter,
    pub(crate) repeated: Counter,
    pub(crate) unrelated: Counter,
    pub(crate) ignored: Counter,
    pub(crate) sent: Counter,
    pub(crate) rejected: Counter,
    pub(crate) fired: Counter,
}

impl ProcessCounters {
    pub(crate) fn read(&self) -> ProcessMetrics {
        ProcessMetrics {
            steps: self.steps.get(),
            repeated: self.repeated.get(),
            unrelated: self.unrelated.get(),
            ignored: self.ignored.get(),
            sent: self.sent.get(),
            rejected: self.rejected.get(),
            fired: self.fired.get(),
        }
    }
}

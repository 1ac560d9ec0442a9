//! Counters of the commands of a repository.

use crate::counter::Counter;

/// Counters of a [`Repository`](crate::Repository) and its clones since it was made; from
/// [`Repository::metrics`](crate::Repository::metrics). They only grow: rates are the difference between two
/// of them.
///
/// A command that has ended is one of those `rejected`, `repeated`, `failed`, or else executed. One whose
/// future was dropped is counted in `commands` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RepositoryMetrics {
    /// Commands that were started.
    pub commands: u64,
    /// Commands that the aggregate rejected.
    pub rejected: u64,
    /// Commands that the command ledger knew, and that returned their first outcome.
    pub repeated: u64,
    /// Commands that ended in any other error: that of a store, or a conflict after all retries.
    pub failed: u64,
    /// Appends and remembered decisions that were refused because the stream had changed.
    pub conflicts: u64,
    /// Decisions that were made again after a conflict or a transient failure, as [`Retry`](crate::Retry)
    /// allows.
    pub retries: u64,
    /// Decisions on a cached state of an earlier command, for which nothing was loaded.
    pub warm: u64,
}

/// The same, while it is being counted.
#[derive(Debug, Default)]
pub(super) struct RepositoryCounters {
    pub(super) commands: Counter,
    pub(super) rejected: Counter,
    pub(super) repeated: Counter,
    pub(super) failed: Counter,
    pub(super) conflicts: Counter,
    pub(super) retries: Counter,
    pub(super) warm: Counter,
}

impl RepositoryCounters {
    pub(super) fn read(&self) -> RepositoryMetrics {
        let Self { commands, rejected, repeated, failed, conflicts, retries, warm } = self;
        // Those that are counted first are read last, so that no part is more than the whole.
        let (rejected, repeated, failed) = (rejected.get(), repeated.get(), failed.get());
        let (conflicts, retries, warm) = (conflicts.get(), retries.get(), warm.get());
        RepositoryMetrics { commands: commands.get(), rejected, repeated, failed, conflicts, retries, warm }
    }
}

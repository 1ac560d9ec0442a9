//! The options of the runners of a process.

use std::time::Duration;

use crate::projection::OnFailure;
use crate::reactor::ReactorRunner;

#[derive(Clone, Debug, Default)]
pub(super) struct ProcessOptions {
    pub(super) partitions: Option<u32>,
    pub(super) page_size: Option<usize>,
    pub(super) poll_every: Option<Duration>,
    pub(super) lease: Option<Duration>,
    pub(super) owner: Option<String>,
    pub(super) retries: Option<(u32, Duration)>,
    pub(super) ledgers_keep: Option<Duration>,
}

impl ProcessOptions {
    /// A runner that is run with them.
    pub(super) fn of<E, S, T, M>(&self, runner: ReactorRunner<E, S, T, M>) -> ReactorRunner<E, S, T, M> {
        let mut runner = runner.on_failure(OnFailure::Park);
        if let Some(partitions) = self.partitions {
            runner = runner.partitions(partitions);
        }
        if let Some(most) = self.page_size {
            runner = runner.page_size(most);
        }
        if let Some(interval) = self.poll_every {
            runner = runner.poll_every(interval);
        }
        if let Some(lasts) = self.lease {
            runner = runner.lease(lasts);
        }
        if let Some(owner) = &self.owner {
            runner = runner.owner(owner);
        }
        if let Some((retries, first_wait)) = self.retries {
            runner = runner.retries(retries, first_wait);
        }
        runner
    }
}

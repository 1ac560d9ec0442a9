//! One step of a process: one append to its stream, under an id derived from what caused it.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Process;
use super::instance::{Instance, LedBy, Taken};
use super::metrics::ProcessCounters;
use super::steps::StepError;
use crate::error::ExecuteError;
use crate::model::Events;
use crate::record::Metadata;
use crate::repository::{ExecuteOptions, Repository, Shared};

/// The instances of a process.
pub(crate) type Own<P> = Repository<Instance<P>, Shared>;

/// What all steps of a runner share.
pub(crate) struct Steppers<P: Process> {
    pub(crate) own: Own<P>,
    pub(crate) counters: Arc<ProcessCounters>,
}

impl<P: Process> Clone for Steppers<P> {
    fn clone(&self) -> Self {
        Self { own: self.own.clone(), counters: Arc::clone(&self.counters) }
    }
}

impl<P: Process> Steppers<P> {
    /// Executes a step, unless it was executed before. Returns whether it was stored now.
    pub(crate) async fn take(
        &self,
        id: &P::Id,
        by: LedBy<'_>,
        metadata: Metadata,
        what: impl Fn(&Instance<P>) -> Result<Taken<P>, StepError> + Send + Sync,
    ) -> Result<bool, ExecuteError<StepError>> {
        let ignored = AtomicBool::new(false);
        let decide = |instance: Arc<Instance<P>>| {
            let events = match what(&instance) {
                Ok(Taken::Steps(taken)) => {
                    ignored.store(false, Ordering::Relaxed);
                    taken.into_events(by)
                }
                Ok(Taken::Ignored) => {
                    ignored.store(true, Ordering::Relaxed);
                    Ok(Events::none())
                }
                Err(error) => Err(error),
            };
            ready(events)
        };
        let options = ExecuteOptions::new()
            .command_id(by.step)
            .command_name("process.step")
            .metadata(metadata)
            .remember_empty();
        let done = self.own.decide_with(id, options, decide).await?;
        match (done.repeated, done.events.is_empty()) {
            (true, _) => self.counters.repeated.count(),
            (false, false) => self.counters.steps.count(),
            (false, true) if ignored.into_inner() => self.counters.ignored.count(),
            (false, true) => {}
        }
        Ok(!done.repeated && !done.events.is_empty())
    }
}

//! Running the process over a store, to the end of the log.

use std::time::Duration;

use es_core::process::{Clock, ProcessError, ProcessMetrics, ProcessRunner};
use es_core::projection::ProjectorError;
use es_core::reactor::CheckpointStore;
use es_core::stream::Position;
use es_core::{EventStore, Repository};

use super::process::Reminding;
use super::reminder::Reminder;

/// How many applications are kept in memory between two of their events; see the import.
const KEPT: usize = 16_384;

/// After which time another program takes the place of one that was killed.
const LEASE: Duration = Duration::from_secs(3);

/// The process, on one store.
#[derive(Debug)]
pub struct Reminders<S> {
    runner: ProcessRunner<Reminding, S>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminded {
    /// Up to which position events were taken.
    pub position: Position,
    /// What this program has done.
    pub metrics: ProcessMetrics,
}

/// Why not all of it was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemindError {
    /// The process stopped.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It cannot be asked how far it is.
    #[error(transparent)]
    Status(#[from] ProjectorError),
    /// Something was put aside.
    #[error("{count} events, commands or timers were put aside; the first: {reason}")]
    PutAside {
        /// How many.
        count: usize,
        /// Why.
        reason: String,
    },
}

impl<S: EventStore + CheckpointStore> Reminders<S> {
    /// Takes the applications of this store, and keeps the process and its reminders there.
    pub fn new(store: S) -> Self {
        let reminders = Repository::<Reminder, _>::new(store.clone()).with_cache(KEPT);
        let runner = ProcessRunner::new(store).target(reminders).clock(Clock::following()).lease(LEASE);
        Self { runner }
    }

    /// What was done so far, in this program.
    pub fn metrics(&self) -> ProcessMetrics {
        self.runner.metrics()
    }

    /// Takes all events that are there, and raises what is due by the end of them. Dropping the future is
    /// safe, as is the end of the program at any point: the next run resumes.
    ///
    /// # Errors
    ///
    /// [`RemindError`].
    pub async fn catch_up(&self) -> Result<Reminded, RemindError> {
        self.runner.catch_up().await?;
        let (inputs, sender) = (self.runner.inputs(), self.runner.sender());
        let letters = [inputs.dead_letters().await?, sender.dead_letters().await?].concat();
        let stuck = self.runner.stuck_timers();
        let reasons = letters.iter().map(|letter| letter.reason.as_str());
        let mut reasons = reasons.chain(stuck.iter().map(|timer| timer.reason.as_str()));
        match reasons.next() {
            Some(first) => {
                Err(RemindError::PutAside { reason: first.to_owned(), count: 1 + reasons.count() })
            }
            None => Ok(Reminded { position: inputs.status().await?.position(), metrics: self.metrics() }),
        }
    }
}

//! The settings of a projector: plain data, shared by everything that runs it.

use std::time::Duration;

use uuid::Uuid;

use crate::store::Checkpoint;

/// What to do with an event that still fails after all retries.
///
/// This applies only to the event's own failures: transient ones, such as a lock timeout or a full disk, are
/// retried until they succeed, and what has to be fixed first, such as a missing table, stops the projector
/// in any case ([`ProjectorError::NotReady`](super::ProjectorError::NotReady)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// The projector stops with the reason. Nothing is skipped.
    #[default]
    Stop,
    /// The event becomes a dead letter, and so do all later events of its stream, in their order; other
    /// streams continue. See [`Projector::dead_letters`](super::Projector::dead_letters).
    Park,
}

/// Where a reactor starts. One that has a checkpoint resumes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Start {
    /// Before the first event of the store.
    #[default]
    Beginning,
    /// After all events that were committed before the reactor is set up. A pending append may be waited for;
    /// what is committed later comes after it.
    Now,
    /// After the event of a checkpoint of the store that the reactor reads.
    After(Checkpoint),
}

#[derive(Debug, Clone)]
pub(super) struct RunnerOptions {
    pub(super) partitions: u32,
    pub(super) page_size: usize,
    pub(super) page_bytes: usize,
    pub(super) poll_every: Duration,
    pub(super) on_failure: OnFailure,
    pub(super) retries: u32,
    pub(super) retry_after: Duration,
    pub(super) take_over: Duration,
    /// The duration of a lease of a worker that runs effects.
    pub(super) lease: Duration,
    pub(super) publish: bool,
    pub(super) start: Start,
    pub(super) owner: String,
}

impl RunnerOptions {
    pub(super) fn new() -> Self {
        Self {
            partitions: 1,
            page_size: 4_000,
            page_bytes: 4 << 20,
            poll_every: Duration::from_secs(1),
            on_failure: OnFailure::Stop,
            retries: 0,
            retry_after: Duration::from_millis(100),
            take_over: Duration::from_secs(5),
            lease: Duration::from_secs(30),
            publish: true,
            start: Start::Beginning,
            owner: format!("{}/{}", std::process::id(), Uuid::now_v7().simple()),
        }
    }
}

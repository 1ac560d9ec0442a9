//! How a projection is run: plain data, which all that runs it share.

use std::time::Duration;

use uuid::Uuid;

use crate::store::Checkpoint;

/// What becomes of an event that a projection cannot take, after the retries.
///
/// Only of that: what passes, such as a lock timeout or a full disk, is tried again until it succeeds, and
/// what somebody has to mend first, such as a missing table, stops the projector in any case
/// ([`ProjectorError::NotReady`](super::ProjectorError::NotReady)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// The projector stops with the reason. Nothing is skipped.
    #[default]
    Stop,
    /// The event becomes a dead letter, and so do all later events of its stream, in their order; other
    /// streams go on. See [`Projector::dead_letters`](super::Projector::dead_letters).
    Park,
}

/// Where the first checkpoint of a reactor is. One that has a checkpoint goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Start {
    /// Before the first event of the store.
    #[default]
    Beginning,
    /// After all events that were committed before the reactor is set up. An append that is under way then
    /// may be waited for; what is committed later comes after it.
    Now,
    /// After the event of a checkpoint of the store that the reactor reads.
    After(Checkpoint),
}

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) partitions: u32,
    pub(super) page_size: usize,
    pub(super) page_bytes: usize,
    pub(super) poll_every: Duration,
    pub(super) on_failure: OnFailure,
    pub(super) retries: u32,
    pub(super) retry_after: Duration,
    pub(super) take_over: Duration,
    /// For how long a worker that runs effects claims its partition.
    pub(super) lease: Duration,
    pub(super) publish: bool,
    pub(super) start: Start,
    pub(super) owner: String,
}

impl Options {
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

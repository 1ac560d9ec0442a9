//! Options of a projector.

use std::time::Duration;

use super::projector::Projector;
use super::settings::{OnFailure, Start};

impl<P, S, T> Projector<P, S, T> {
    /// The number of partitions into which the streams are divided, which run in parallel, each with its own
    /// checkpoint and session. Defaults to 1. It is stored with the projection: changed only by
    /// [`repartition`](Self::repartition).
    ///
    /// Each partition reads all events and decodes its own, so partitions pay off if handlers are slow.
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.options.partitions = partitions.clamp(1, i32::MAX.cast_unsigned());
        self
    }

    /// The maximum number of events of a batch, which is one transaction. Defaults to 4,000. A batch holds
    /// fewer if handlers would need much more than half a second for them.
    pub fn page_size(mut self, most: usize) -> Self {
        self.options.page_size = most.max(1);
        self
    }

    /// The maximum size of payloads and metadata of a batch in bytes, if it holds more than one event.
    /// Defaults to 4 MiB. While one batch is projected, two more of its partition are read ahead.
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.options.page_bytes = most;
        self
    }

    /// The polling interval used when the store sends no notification. Defaults to one second.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.options.poll_every = interval;
        self
    }

    /// What to do with an event that still fails after all retries. Defaults to [`OnFailure::Stop`]. An event
    /// of a version that only newer programs know stops the projector in any case.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.options.on_failure = on_failure;
        self
    }

    /// Retries a failing event up to `retries` times with exponential backoff, starting at `first_wait`, up
    /// to 30 seconds, before applying the failure policy. Defaults to 0; `u32::MAX` retries forever. Later
    /// events of its partition wait. A transient failure, such as a lock timeout, is retried anyway, and does
    /// not count.
    pub fn retries(mut self, retries: u32, first_wait: Duration) -> Self {
        self.options.retries = retries;
        self.options.retry_after = first_wait;
        self
    }

    /// How long another worker's checkpoint must stand still, with events left to process, before this one
    /// takes over. Defaults to 5 seconds. Safe with any value.
    pub fn take_over(mut self, after: Duration) -> Self {
        self.options.take_over = after;
        self
    }

    /// The duration of a worker's lease of a partition, if it runs effects.
    pub(crate) fn lease(mut self, lasts: Duration) -> Self {
        self.options.lease = lasts.max(Duration::from_millis(1));
        self
    }

    /// The first checkpoint, if it runs effects.
    pub(crate) const fn start(mut self, start: Start) -> Self {
        self.options.start = start;
        self
    }

    /// Whether a build is published to readers as soon as it has caught up with the one that they see.
    /// Defaults to yes. Otherwise call [`publish`](Self::publish).
    pub fn publish_when_caught_up(mut self, publish: bool) -> Self {
        self.options.publish = publish;
        self
    }

    /// The worker's name in status output. Defaults to its process and a random id. A target may drop
    /// characters that it cannot store, such as NUL.
    pub fn owner(mut self, name: &str) -> Self {
        name.clone_into(&mut self.options.owner);
        self
    }

    /// Changes the target, for example its options.
    pub fn target(mut self, change: impl FnOnce(T) -> T) -> Self {
        self.target = change(self.target);
        self
    }
}

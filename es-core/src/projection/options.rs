//! How a projection is to be run.

use std::time::Duration;

use super::projector::Projector;
use super::settings::{OnFailure, Start};

impl<P, S, T> Projector<P, S, T> {
    /// Into how many partitions the streams are divided, which run beside each other, each with a checkpoint
    /// and a session of its own; defaults to 1. It is kept with the projection: changed only by
    /// [`repartition`](Self::repartition).
    ///
    /// Each partition reads all events and decodes its own, so partitions pay where handlers are slow.
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.options.partitions = partitions.clamp(1, i32::MAX.cast_unsigned());
        self
    }

    /// How many events are in a batch at most, which is one transaction; defaults to 4,000. A batch holds
    /// fewer where handlers would need much more than half a second for them.
    pub fn page_size(mut self, most: usize) -> Self {
        self.options.page_size = most.max(1);
        self
    }

    /// How many bytes of payloads and metadata are in a batch at most, if it holds more than one event;
    /// defaults to 4 MiB. While one batch is projected, two more of its partition are read ahead.
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.options.page_bytes = most;
        self
    }

    /// How long it waits for the store to announce events before it looks for them; defaults to a second.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.options.poll_every = interval;
        self
    }

    /// What becomes of an event that cannot be taken; defaults to [`OnFailure::Stop`]. An event of a version
    /// that only newer programs know stops the projector in any case.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.options.on_failure = on_failure;
        self
    }

    /// How often an event that failed is retried before that: after `first_wait`, then after twice as long
    /// each time, up to 30 seconds. Defaults to 0; `u32::MAX` retries without end. Later events of its
    /// partition wait. A failure that passes, such as a lock timeout, is retried anyway, and does not count.
    pub fn retries(mut self, retries: u32, first_wait: Duration) -> Self {
        self.options.retries = retries;
        self.options.retry_after = first_wait;
        self
    }

    /// How long another worker's checkpoint must stand still, with events before it, until this one takes
    /// over; defaults to 5 seconds. Safe with any value.
    pub fn take_over(mut self, after: Duration) -> Self {
        self.options.take_over = after;
        self
    }

    /// For how long a worker claims its partition where it runs effects.
    pub(crate) fn lease(mut self, lasts: Duration) -> Self {
        self.options.lease = lasts.max(Duration::from_millis(1));
        self
    }

    /// Where the first checkpoint is, of what runs effects.
    pub(crate) const fn start(mut self, start: Start) -> Self {
        self.options.start = start;
        self
    }

    /// Whether a build is shown to readers as soon as it has caught up with the one that they see;
    /// defaults to yes. Else by [`publish`](Self::publish).
    pub fn publish_when_caught_up(mut self, publish: bool) -> Self {
        self.options.publish = publish;
        self
    }

    /// How the worker calls itself in the status; defaults to its process and a random id. A target may leave
    /// out characters that it cannot keep, such as NUL.
    pub fn owner(mut self, name: &str) -> Self {
        name.clone_into(&mut self.options.owner);
        self
    }

    /// Changes the target, such as where it keeps the model.
    pub fn target(mut self, change: impl FnOnce(T) -> T) -> Self {
        self.target = change(self.target);
        self
    }
}

//! How a projection is run.

use std::time::Duration;

use es_core::Projection;
use sqlx::PgConnection;

use super::batch::kept;
use super::projector::Projector;
use super::target::OnFailure;

impl<P: Projection<Model = PgConnection>> Projector<P> {
    /// Into how many parts the streams are divided, which run beside each other, each with a checkpoint and a
    /// connection of its own; 1 unless said otherwise. It is kept with the projection: changed only by
    /// [`repartition`](Self::repartition).
    ///
    /// Each part reads all events and decodes its own, so parts pay where handlers are slow.
    pub fn parts(mut self, parts: u32) -> Self {
        self.target.options.parts = parts.clamp(1, i32::MAX.cast_unsigned());
        self
    }

    /// How many events are in a batch at most, which is one transaction; 4,000 unless said otherwise. A batch
    /// holds fewer where handlers would need much more than half a second for them.
    pub fn page_size(mut self, most: usize) -> Self {
        self.target.options.page_size = most.max(1);
        self
    }

    /// How many bytes of payloads and metadata are in a batch at most, if it holds more than one event;
    /// defaults to 4 MiB. While one batch is projected, two more of its part are read ahead.
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.target.options.page_bytes = most;
        self
    }

    /// How long it waits for a word of the store before it looks by itself; a second unless said otherwise.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.target.options.poll_every = interval;
        self
    }

    /// What becomes of an event that cannot be taken; [`OnFailure::Stop`] unless said otherwise. An event of
    /// a version that only newer programs know stops the projector in any case.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.target.options.on_failure = on_failure;
        self
    }

    /// How often an event that failed is tried again before that, with `first_wait` before the first time and
    /// twice as long before each next one, up to 30 seconds; not at all unless said otherwise. `u32::MAX` is
    /// for ever. Later events of its part wait. A failure that passes, such as a lock timeout, is tried again
    /// anyway, and does not count.
    pub fn retries(mut self, retries: u32, first_wait: Duration) -> Self {
        self.target.options.retries = retries;
        self.target.options.retry_after = first_wait;
        self
    }

    /// How long a handler, or the set-up, may leave the connection alone within its transaction, before the
    /// server ends that, as it would be of a program which has died; defaults to 10 seconds.
    pub fn standstill(mut self, longest: Duration) -> Self {
        self.target.options.standstill = longest;
        self
    }

    /// How long another worker's checkpoint must stand still, with events before it, until this one takes
    /// over; 5 seconds unless said otherwise. Safe with any value.
    pub fn take_over(mut self, after: Duration) -> Self {
        self.target.options.take_over = after;
        self
    }

    /// Whether a revision is shown to readers as soon as it has caught up with the one that they see; yes
    /// unless said otherwise. Else by [`publish`](Self::publish).
    pub fn publish_when_caught_up(mut self, publish: bool) -> Self {
        self.target.options.publish = publish;
        self
    }

    /// One more schema in which names in the projection's SQL are looked up, after its own and those that
    /// were added before; defaults to none. For the functions, types and operators of extensions, as
    /// `search_in("public")` where they were created there.
    ///
    /// Tables are found there as well: where one of the projection's own is missing, another one of that name
    /// takes its rows. Whoever may create objects in that schema can put functions in the place of others.
    pub fn search_in(mut self, schema: &str) -> Self {
        self.target.options.search_in.push(kept(schema));
        self
    }

    /// How the worker calls itself in the status; process and a random id unless said otherwise. NUL
    /// characters are left out.
    pub fn owner(mut self, name: &str) -> Self {
        self.target.options.owner = kept(name);
        self
    }
}

//! Catch-up subscriptions: read from the beginning, from a checkpoint or from now, then follow live.

mod order;
mod pace;
mod size;
mod status;
mod typed;

use std::time::Duration;

use self::order::StreamOrder;
use self::pace::{Found, Look, Pace};
use self::size::PageSize;
pub use self::status::{SubscriptionStatus, SubscriptionWatch};
pub use self::typed::TypedSubscription;

use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{AllPage, AllQuery, Checkpoint, Filter, Listener, ReadAll, Sink};

/// Whether a page may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// It returns what there is now.
    Now,
    /// It returns once there is something.
    UntilFound,
}

/// A catch-up subscription: follows all events of a store, or those that match a [`Filter`], in the order of
/// their positions.
///
/// It is pull-based: the reader asks for the next page, so a slow reader slows nobody down, and no more than
/// a page is held. It need not be stopped: dropping it, or the future of a call, is an orderly end, and
/// [`checkpoint`](Self::checkpoint) is where the next one resumes. An error leaves it where it was; call
/// again to continue, if [`StoreError::is_retryable`].
///
/// Each stream's events come in the order of their revisions, and that is checked: an event that does not
/// follow the last one seen of its stream is [`StoreError::Damaged`]. It must be the next one if the filter
/// matches all events of a stream, and a later one if it matches events by name. Memory is bounded: some
/// hundreds of the most recent streams are remembered, since the checkpoint at which this subscription began.
/// A gap before that, or in a stream that was evicted, is detected by readers of the stream, such as
/// commands.
///
/// Under low load, an event is returned as soon as the store announces it. Under high load, a subscription at
/// the end reads about a hundred times a second, everything that has been stored in between, so that it costs
/// appends little.
///
/// ```
/// # use es_core::{Aggregate, Apply, Events, Handle, Repository, emit, event};
/// # #[event(name = "door.opened")] pub struct Opened;
/// # #[derive(Aggregate, Default)] #[aggregate(name = "door", id = u64, events(Opened))]
/// # pub struct Door { open: bool }
/// # impl Apply<Opened> for Door { fn apply(&mut self, _: Opened) { self.open = true; } }
/// # pub struct Open;
/// # impl Handle<Open> for Door {
/// #     type Error = std::convert::Infallible;
/// #     fn handle(&self, _: &Open) -> Result<Events<Self>, Self::Error> { emit(Opened) }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use es_core::store::Filter;
/// use es_core::subscription::Subscription;
/// use es_core::MemoryStore;
///
/// let store = MemoryStore::new();
/// Repository::<Door, _>::new(store.clone()).execute(&7, Open).await?;
///
/// let mut subscription = Subscription::new(store).filter(Filter::new().event::<Opened>());
/// let page = subscription
///     .next_page(&mut |event| {
///         println!("{event:?}");
///         Ok(())
///     })
///     .await?;
/// assert_eq!(page.events, 1);
/// assert_eq!(page.checkpoint, subscription.checkpoint());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a subscription reads nothing until it is polled"]
pub struct Subscription<S> {
    store: S,
    filter: Filter,
    checkpoint: Checkpoint,
    size: PageSize,
    /// `None` until it first waits: a reader that only reads what is there needs no notifications.
    listener: Option<Listener>,
    /// When the next read is worthwhile.
    pace: Pace,
    /// What was seen of streams up to the checkpoint.
    order: StreamOrder,
    watch: SubscriptionWatch,
}

impl<S: ReadAll> Subscription<S> {
    /// From the beginning.
    pub fn new(store: S) -> Self {
        Self {
            store,
            filter: Filter::new(),
            checkpoint: Checkpoint::START,
            size: PageSize::new(),
            listener: None,
            pace: Pace::new(Duration::from_secs(1)),
            order: StreamOrder::default(),
            watch: SubscriptionWatch::default(),
        }
    }

    /// From after a checkpoint.
    pub fn from(mut self, checkpoint: Checkpoint) -> Self {
        self.seek(checkpoint);
        self
    }

    /// From now on: after all that can be read at this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    pub async fn from_now(mut self) -> Result<Self, StoreError> {
        let head = self.store.end().await?;
        self.seek(head);
        Ok(self)
    }

    /// Only events that match the filter.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// The maximum number of events of a page. Defaults to 4,000. The first pages hold fewer, and so do those
    /// of large events: see [`page_bytes`](Self::page_bytes).
    pub fn page_size(mut self, most: usize) -> Self {
        self.size.most(most);
        self
    }

    /// The maximum size of payloads and metadata of a page in bytes, if it holds more than one event.
    /// Defaults to 4 MiB.
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.size.most_bytes(most);
        self
    }

    /// The polling interval used when the store sends no notification. Defaults to one second.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.pace.poll_every(interval);
        self
    }

    /// Continues after a checkpoint.
    pub(crate) fn seek(&mut self, checkpoint: Checkpoint) {
        if self.checkpoint != checkpoint {
            self.checkpoint = checkpoint;
            self.watch.set_checkpoint(checkpoint);
            self.order = StreamOrder::default();
            self.pace.look_at_once();
        }
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The checkpoint after the events that were returned.
    #[must_use]
    pub const fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// A watch that shows how far it has come, while it is waited for.
    #[must_use]
    pub fn watch(&self) -> SubscriptionWatch {
        self.watch.clone()
    }

    /// Reads a page at once: everything there is, if it fits; nothing, if nothing can be read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store or of the sink; the checkpoint is then unchanged, and events that the sink
    /// has received come again.
    pub async fn page(&mut self, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        self.look(Look::Once, sink).await
    }

    /// Reads a page at once, or once there is something.
    pub(crate) async fn read(&mut self, when: When, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        match when {
            When::Now => self.page(sink).await,
            When::UntilFound => self.next_page(sink).await,
        }
    }

    async fn look(&mut self, look: Look, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        // Before the read, so that a ring during it is not missed; a read whose future is dropped does not
        // count.
        if let Some(listener) = &mut self.listener {
            listener.forget();
        }
        self.pace.look_at_once();
        let query = AllQuery::after(self.checkpoint, &self.filter).limit(self.size.next());
        let query = query.bytes(self.size.bytes());
        let mut bytes = 0;
        // Kept only with the checkpoint: after an error, or when the future is dropped, events come again.
        let mut order = std::mem::take(&mut self.order);
        let mut weighed = |event: RawEvent<'_>| {
            bytes += event.bytes();
            order.take(&event, &self.filter)?;
            sink(event)
        };
        let read = match look {
            Look::Once => self.store.read_all(query, &mut weighed),
            Look::Again => self.store.follow(query, &mut weighed),
        };
        let page = match read.await {
            Ok(page) => page,
            Err(error) => {
                self.pace.failed();
                self.watch.failed(&error);
                return Err(error);
            }
        };
        self.size.took(page.events, bytes);
        let found = if page.checkpoint == self.checkpoint { Found::Nothing } else { Found::Something };
        self.pace.looked(page.rest, found);
        self.checkpoint = page.checkpoint;
        self.watch.read(&page);
        self.order = order;
        Ok(page)
    }

    /// Waits until the checkpoint can move, and reads a page. It may contain no events, if those passed did
    /// not match.
    ///
    /// # Errors
    ///
    /// As [`page`](Self::page). A call after one that failed first waits for the polling interval, so that
    /// calling in a loop does not spin.
    pub async fn next_page(&mut self, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        loop {
            let listener = self.listener.get_or_insert_with(|| {
                let mut listener = self.store.listen();
                listener.assume_rung();
                listener
            });
            self.pace.wait(listener).await;
            let before = self.checkpoint;
            let page = self.look(self.pace.look(), &mut *sink).await?;
            if page.checkpoint != before {
                return Ok(page);
            }
        }
    }
}

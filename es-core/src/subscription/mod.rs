//! Following the whole store: from the beginning, from a checkpoint or from now, then live.

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
    /// It is what there is now.
    Now,
    /// It comes when there is something.
    UntilFound,
}

/// Follows all events of a store, or those that a [`Filter`] takes, in the order of their positions.
///
/// It does nothing by itself: whoever wants events asks for the next page, so a slow reader slows nobody
/// down, and no more than a page is held. There is nothing to be stopped either: dropping it, or the future
/// of a call, is an orderly end, and [`checkpoint`](Self::checkpoint) says where the next one goes on. After
/// an error it stands where it stood; call again to go on, if [`StoreError::is_retryable`].
///
/// Each stream's events come in the order of their revisions, and that is checked: an event that does not
/// follow the last one seen of its stream is [`StoreError::Damaged`]. It has to be the next one where the
/// filter takes all events of a stream, and a later one where it takes events by name. What is remembered is
/// bounded: the streams seen last, some hundreds of them, since the checkpoint at which this subscription
/// began. A hole before that, or in a stream that had to make room, is found by those that read the stream,
/// as commands do.
///
/// While little happens, an event is handed out as soon as the store tells of it. While much happens, a
/// subscription that is at the end looks about a hundred times a second, for all that has come in between, so
/// that it takes little from those who append.
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
#[must_use = "a subscription reads nothing before it is asked to"]
pub struct Subscription<S> {
    store: S,
    filter: Filter,
    checkpoint: Checkpoint,
    size: PageSize,
    /// Nothing before it waits for the first time: who only reads what is there needs no word of the store.
    listener: Option<Listener>,
    /// When the next look is worth it.
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

    /// From behind a checkpoint.
    pub fn from(mut self, checkpoint: Checkpoint) -> Self {
        self.seek(checkpoint);
        self
    }

    /// From now on: behind all that can be read at this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    pub async fn from_now(mut self) -> Result<Self, StoreError> {
        let head = self.store.end().await?;
        self.seek(head);
        Ok(self)
    }

    /// Only what the filter takes.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// How many events a page holds at most; defaults to 4,000. The first pages hold fewer, and so do those
    /// of large events: see [`page_bytes`](Self::page_bytes).
    pub fn page_size(mut self, most: usize) -> Self {
        self.size.most(most);
        self
    }

    /// How many bytes of payloads and metadata a page holds at most, if it holds more than one event;
    /// defaults to 4 MiB.
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.size.most_bytes(most);
        self
    }

    /// How long it waits for a word of the store before it looks by itself; a second unless said otherwise.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.pace.poll_every(interval);
        self
    }

    /// Goes on behind a checkpoint.
    pub(crate) fn seek(&mut self, checkpoint: Checkpoint) {
        if self.checkpoint != checkpoint {
            self.checkpoint = checkpoint;
            self.watch.stands_at(checkpoint);
            self.order = StreamOrder::default();
            self.pace.look_at_once();
        }
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Behind what was handed out.
    #[must_use]
    pub const fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// Tells how far it has come, while it is waited for.
    #[must_use]
    pub fn watch(&self) -> SubscriptionWatch {
        self.watch.clone()
    }

    /// Reads a page at once: the present rest, if it is less; nothing, if nothing can be read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store or of the sink; the checkpoint then stays where it was, and what the sink
    /// has taken comes again.
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
        // Before the look, so that a ring during it is not missed; and a look whose future is dropped was
        // none.
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

    /// Waits until the checkpoint can move, and reads a page. It may hold no event: others were passed.
    ///
    /// # Errors
    ///
    /// As [`page`](Self::page). The call after one that failed first waits as long as between two looks by
    /// the clock, so that to call again and again is no hot loop.
    pub async fn next_page(&mut self, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        loop {
            let listener = self.listener.get_or_insert_with(|| {
                let mut listener = self.store.listen();
                listener.presume_rung();
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

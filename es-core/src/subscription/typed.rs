//! A subscription that decodes the events of one aggregate, as commands do.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Subscription, SubscriptionWatch};
use crate::error::StoreError;
use crate::model::Aggregate;
use crate::record::{RawEvent, Recorded};
use crate::store::{AllPage, Checkpoint, Filter, ReadAll, Rest, recorded};

/// Follows the events of one aggregate, upcast to their current versions; made by [`Subscription::of`].
///
/// ```
/// # use es_core::{Aggregate, Apply, Events, Handle, Repository, emit, event};
/// # #[event(name = "door.opened")] pub struct Opened { pub by: String }
/// # #[derive(Aggregate, Default)] #[aggregate(name = "door", id = u64, events(Opened))]
/// # pub struct Door { open: bool }
/// # impl Apply<Opened> for Door { fn apply(&mut self, _: Opened) { self.open = true; } }
/// # pub struct Open;
/// # impl Handle<Open> for Door {
/// #     type Error = std::convert::Infallible;
/// #     fn handle(&self, _: &Open) -> Result<Events<Self>, Self::Error> {
/// #         emit(Opened { by: "Ann".into() })
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use es_core::subscription::Subscription;
/// use es_core::MemoryStore;
///
/// let store = MemoryStore::new();
/// Repository::<Door, _>::new(store.clone()).execute(&7, Open).await?;
///
/// let mut doors = Subscription::of::<Door>(store);
/// let DoorEvent::Opened(opened) = doors.next().await?.event;
/// assert_eq!(opened.by, "Ann");
/// assert!(doors.try_next().await?.is_none());
/// let where_to_go_on = doors.checkpoint().to_string();
/// # drop(where_to_go_on);
/// # Ok(()) }
/// ```
///
/// An event that does not decode, in particular one of a version that a newer program has written, is an
/// error in its turn: the events before it are returned first, and nothing after it is until it can be read.
/// Calls are cancel-safe.
#[must_use = "a subscription reads nothing until it is polled"]
pub struct TypedSubscription<A: Aggregate, S> {
    raw: Subscription<S>,
    /// Read, and not returned yet; each with the checkpoint after it. Of several events that stand for one
    /// stored event, only the last one moves it.
    ready: VecDeque<(Recorded<A::Event>, Option<Checkpoint>)>,
    checkpoint: Checkpoint,
}

impl<S: ReadAll> Subscription<S> {
    /// All events of one aggregate, decoded.
    pub fn of<A: Aggregate>(store: S) -> TypedSubscription<A, S> {
        TypedSubscription::new(Self::new(store).filter(Filter::new().aggregate::<A>()))
    }
}

impl<A: Aggregate, S: ReadAll> TypedSubscription<A, S> {
    fn new(raw: Subscription<S>) -> Self {
        let checkpoint = raw.checkpoint;
        Self { raw, ready: VecDeque::new(), checkpoint }
    }

    /// From after a checkpoint.
    pub fn from(self, checkpoint: Checkpoint) -> Self {
        Self::new(self.raw.from(checkpoint))
    }

    /// From now on: after all that can be read at this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    pub async fn from_now(self) -> Result<Self, StoreError> {
        Ok(Self::new(self.raw.from_now().await?))
    }

    /// The maximum number of stored events that are read at once. Defaults to 4,000.
    pub fn page_size(mut self, most: usize) -> Self {
        self.raw = self.raw.page_size(most);
        self
    }

    /// The maximum size of stored events that are read at once, in bytes. Defaults to 4 MiB. See
    /// [`Subscription::page_bytes`].
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.raw = self.raw.page_bytes(most);
        self
    }

    /// As [`Subscription::poll_every`].
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.raw = self.raw.poll_every(interval);
        self
    }

    /// The checkpoint after the events that were returned: store it once their effects are stored.
    #[must_use]
    pub const fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// As [`Subscription::watch`]; events that it has read may not have been returned yet.
    #[must_use]
    pub fn watch(&self) -> SubscriptionWatch {
        self.raw.watch()
    }

    /// The next event; waits for it.
    ///
    /// # Errors
    ///
    /// [`StoreError`], above all of an event that does not decode. The next call tries again; see
    /// [`Subscription::next_page`].
    pub async fn next(&mut self) -> Result<Recorded<A::Event>, StoreError> {
        loop {
            if let Some(event) = self.pop() {
                return Ok(event);
            }
            self.fill(Wait::ForMore).await?;
        }
    }

    /// The next event, if there is one that can be read now.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<Recorded<A::Event>>, StoreError> {
        loop {
            if let Some(event) = self.pop() {
                return Ok(Some(event));
            }
            if !self.fill(Wait::ForNothing).await? {
                return Ok(self.pop());
            }
        }
    }

    fn pop(&mut self) -> Option<Recorded<A::Event>> {
        let (event, passed) = self.ready.pop_front()?;
        self.checkpoint = passed.unwrap_or(self.checkpoint);
        if self.ready.is_empty() {
            self.checkpoint = self.raw.checkpoint;
        }
        Some(event)
    }

    /// Reads a page, and returns whether there may be more. What it reads is kept only when the page is
    /// complete, so that nothing comes twice after a future was dropped.
    async fn fill(&mut self, wait: Wait) -> Result<bool, StoreError> {
        let mut ready = VecDeque::new();
        let mut last = None;
        let mut take = |raw: RawEvent<'_>| {
            let first = ready.len();
            let decoded = recorded::<A>(&raw, &mut |event| {
                ready.push_back((event, None));
                Ok(())
            });
            if decoded.is_err() {
                ready.truncate(first);
                return decoded;
            }
            let passed = Checkpoint::behind(raw.position, raw.event_id);
            if ready.len() > first
                && let Some((_, checkpoint)) = ready.back_mut()
            {
                *checkpoint = Some(passed);
            }
            last = Some(passed);
            Ok(())
        };
        let page = match wait {
            Wait::ForMore => self.raw.next_page(&mut take).await,
            Wait::ForNothing => self.raw.page(&mut take).await,
        };
        let page = match (page, last) {
            // The event that does not decode is an error once those before it were returned.
            (Err(StoreError::Decode(_)), Some(last)) => {
                self.raw.checkpoint = last;
                self.raw.pace.look_at_once();
                AllPage::new(last, ready.len(), Rest::More)
            }
            (page, _) => page?,
        };
        self.ready = ready;
        if self.ready.is_empty() {
            self.checkpoint = self.raw.checkpoint;
        }
        Ok(page.rest == Rest::More)
    }
}

/// What a page is waited for.
#[derive(Debug, Clone, Copy)]
enum Wait {
    ForMore,
    ForNothing,
}

impl<A: Aggregate, S: std::fmt::Debug> std::fmt::Debug for TypedSubscription<A, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedSubscription")
            .field("aggregate", &A::NAME)
            .field("checkpoint", &self.checkpoint)
            .field("raw", &self.raw)
            .finish_non_exhaustive()
    }
}

//! Reads the events of a projection, decoded, page by page. For authors of runners.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::{Partition, Projection};
use crate::error::StoreError;
use crate::record::{DecodeError, EventPlace, RawEvent};
use crate::store::{Checkpoint, ReadAll, Rest};
use crate::subscription::{Subscription, When};

/// Reads the events of a projection, in the order of positions, after a checkpoint. Projection runners are
/// built on it.
pub struct ProjectionReader<P, S> {
    subscription: Subscription<S>,
    partition: Partition,
    /// How many events the previous page held.
    usual: usize,
    /// All names under which its events are stored.
    names: Vec<&'static str>,
    projection: PhantomData<fn() -> P>,
}

/// Events of a projection, up to the end of a page or to an event that does not decode.
#[non_exhaustive]
pub struct ProjectionPage<P: Projection> {
    /// The events, in order.
    pub events: Vec<P::Event>,
    /// Where each of them is stored.
    pub places: Vec<EventPlace>,
    /// The name under which each of them is stored, and then that of the event that does not decode.
    pub names: Vec<&'static str>,
    /// The next event, if it does not decode; the page ends before it.
    pub broken: Option<(EventPlace, DecodeError)>,
    /// After all events of the page, including those that the projection does not handle.
    pub checkpoint: Checkpoint,
    /// What comes after the page.
    pub rest: Rest,
}

impl<P: Projection, S: ReadAll> ProjectionReader<P, S> {
    /// From the beginning, all streams.
    #[must_use]
    pub fn new(store: S) -> Self {
        let filter = P::filter();
        let borrowed = |name: &Cow<'static, str>| match name {
            Cow::Borrowed(name) => Some(*name),
            Cow::Owned(_) => None,
        };
        let names = filter.events.iter().filter_map(borrowed).collect();
        let subscription = Subscription::new(store).filter(filter);
        Self { subscription, partition: Partition::ALL, usual: 0, names, projection: PhantomData }
    }

    /// Only the streams of a partition.
    #[must_use]
    pub const fn partition(mut self, partition: Partition) -> Self {
        self.partition = partition;
        self
    }

    /// The maximum number of events of a page. Defaults to 4,000. See [`Subscription::page_size`].
    #[must_use]
    pub fn page_size(mut self, most: usize) -> Self {
        self.subscription = self.subscription.page_size(most);
        self
    }

    /// The maximum size of the stored events of a page in bytes. Defaults to 4 MiB. See
    /// [`Subscription::page_bytes`].
    #[must_use]
    pub fn page_bytes(mut self, most: usize) -> Self {
        self.subscription = self.subscription.page_bytes(most);
        self
    }

    /// The polling interval used when the store sends no notification. Defaults to one second.
    #[must_use]
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.subscription = self.subscription.poll_every(interval);
        self
    }

    /// Continues after a checkpoint.
    pub fn seek(&mut self, checkpoint: Checkpoint) {
        self.subscription.seek(checkpoint);
    }

    /// The checkpoint after the last page.
    #[must_use]
    pub const fn checkpoint(&self) -> Checkpoint {
        self.subscription.checkpoint()
    }

    /// Reads a page at once: everything there is, if it fits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, for example [`StoreError::ForeignCheckpoint`]; the reader's checkpoint is
    /// then unchanged.
    pub async fn page(&mut self) -> Result<ProjectionPage<P>, StoreError> {
        self.read(When::Now).await
    }

    /// Waits until the checkpoint can move, and reads a page. It may contain no events.
    ///
    /// # Errors
    ///
    /// As [`page`](Self::page).
    pub async fn next_page(&mut self) -> Result<ProjectionPage<P>, StoreError> {
        self.read(When::UntilFound).await
    }

    pub(super) async fn read(&mut self, when: When) -> Result<ProjectionPage<P>, StoreError> {
        let before = self.checkpoint();
        let mut page = ProjectionPage::<P> {
            events: Vec::with_capacity(self.usual),
            places: Vec::with_capacity(self.usual),
            names: Vec::with_capacity(self.usual),
            broken: None,
            checkpoint: before,
            rest: Rest::Nothing,
        };
        let (partition, names) = (self.partition, &self.names);
        let name = |raw: &RawEvent<'_>| names.iter().find(|name| **name == raw.name).copied().unwrap_or("");
        let mut take = |raw: RawEvent<'_>| {
            if page.broken.is_some() || !partition.takes(raw.stream) {
                return Ok(());
            }
            let place = EventPlace::new(&raw);
            match DecodeError::guard(&raw, || P::decode(&raw)) {
                Ok(Some(event)) => {
                    page.events.push(event);
                    page.places.push(place);
                    page.names.push(name(&raw));
                }
                Ok(None) => {}
                Err(error) => {
                    page.names.push(name(&raw));
                    page.broken = Some((place, error));
                }
            }
            Ok(())
        };
        let read = self.subscription.read(when, &mut take).await?;
        (page.checkpoint, page.rest) = (read.checkpoint, read.rest);
        self.usual = page.events.len();
        if page.broken.is_some() {
            page.checkpoint = page.places.last().map_or(before, EventPlace::checkpoint);
            page.rest = Rest::More;
            self.seek(page.checkpoint);
        }
        Ok(page)
    }
}

impl<P, S: fmt::Debug> fmt::Debug for ProjectionReader<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, partition, .. } = self;
        f.debug_struct("ProjectionReader")
            .field("subscription", subscription)
            .field("partition", partition)
            .finish_non_exhaustive()
    }
}

impl<P: Projection> fmt::Debug for ProjectionPage<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, broken, checkpoint, rest, .. } = self;
        f.debug_struct("ProjectionPage")
            .field("projection", &P::NAME)
            .field("events", &events.len())
            .field("broken", broken)
            .field("checkpoint", checkpoint)
            .field("rest", rest)
            .finish_non_exhaustive()
    }
}

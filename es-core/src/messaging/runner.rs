//! Running a publisher.

use std::fmt;
use std::time::Duration;

use super::publisher::Publisher;
use super::sink::MessageSink;
use super::window::Publishing;
use crate::projection::{DeadLetter, OnFailure, ProjectionStatus, ProjectorError, Retried, Target};
use crate::reactor::{CheckpointStore, OnModel, ReactorRunner};
use crate::store::{EventStore, ReadAll};
use crate::stream::StreamId;

/// The default number of messages that wait for their confirmations.
const WINDOW: usize = 256;

/// The maximum number of events between two moves of the checkpoint, before which all messages have to be
/// confirmed. Time limits it as well.
const PAGE: usize = 20_000;

/// Publishes the events of a store: reads them, and sends the public events of a [`Publisher`] to a
/// [`MessageSink`], at least once and in the order of each stream.
///
/// It is a [reactor](crate::reactor): it has a checkpoint and resumes there, one program at a time works on a
/// partition, and a message that the sink refuses stops it or becomes a dead letter, with the later messages
/// of its stream. It waits for an unavailable sink.
///
/// Of each stream one message is in flight at a time, so that a newer one never overtakes an older one that
/// has to be sent again; of different streams, as many as the [window](Self::window) holds.
///
/// ```
/// use es_core::messaging::{MemoryBroker, Message, Publisher, PublisherRunner};
/// use es_core::record::{DecodeError, EncodeError, RawEvent};
/// use es_core::store::Filter;
/// use es_core::MemoryStore;
/// # struct LoanFeed;
/// # impl Publisher for LoanFeed {
/// #     const NAME: &'static str = "loan-feed";
/// #     type Event = ();
/// #     fn filter() -> Filter { Filter::new() }
/// #     fn decode(_: &RawEvent<'_>) -> Result<Option<()>, DecodeError> { Ok(None) }
/// #     fn events() -> &'static [es_core::__private::ReadEvent] { &[] }
/// #     fn public_events() -> &'static [es_core::__private::ReadEvent] { &[] }
/// #     fn message(&self, _: &()) -> Result<Option<Message>, EncodeError> { Ok(None) }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, broker) = (MemoryStore::new(), MemoryBroker::new());
/// PublisherRunner::new(store, LoanFeed, broker.clone()).window(64).catch_up().await?;
/// assert!(broker.messages().is_empty());
/// # Ok(()) }
/// ```
#[must_use = "nothing is published before `run` or `catch_up`"]
pub struct PublisherRunner<F, K, S, T, M = ()> {
    reactor: ReactorRunner<Publishing<F, K>, S, T, M>,
}

type CheckpointModel<F, K, S> = OnModel<Publishing<F, K>, <S as CheckpointStore>::Model>;

impl<F: Publisher, K: MessageSink, S: CheckpointStore>
    PublisherRunner<F, K, S, S::Target<CheckpointModel<F, K, S>>, S::Model>
{
    /// Reads this store, and keeps the checkpoint beside its events.
    pub fn new(store: S, feed: F, sink: K) -> Self {
        Self { reactor: ReactorRunner::new(store, Publishing::new(feed, sink, WINDOW)).page_size(PAGE) }
    }
}

impl<F: Publisher, K: MessageSink, S, T, M> PublisherRunner<F, K, S, T, M> {
    /// Reads this store, and keeps the checkpoint in a target.
    pub fn with_target(source: S, feed: F, sink: K, target: T) -> Self {
        let publishing = Publishing::new(feed, sink, WINDOW);
        Self { reactor: ReactorRunner::with_target(source, publishing, target).page_size(PAGE) }
    }

    /// The maximum number of messages that wait for their confirmations, in each partition; at least 1.
    /// Defaults to 256.
    pub fn window(self, messages: usize) -> Self {
        self.reactor.reactor().set_window(messages);
        self
    }

    /// What to do with a message that the sink refuses; see [`ReactorRunner::on_failure`].
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.reactor = self.reactor.on_failure(on_failure);
        self
    }

    /// Changes the options of the underlying reactor, such as its partitions and its lease.
    ///
    /// ```no_run
    /// # use es_core::messaging::{MessageSink, Publisher, PublisherRunner};
    /// # fn of<F: Publisher, K: MessageSink>(feed: F, sink: K) {
    /// # let store = es_core::MemoryStore::new();
    /// let runner = PublisherRunner::new(store, feed, sink).reactor(|reactor| reactor.partitions(4));
    /// # }
    /// ```
    pub fn reactor<C>(mut self, change: C) -> Self
    where
        C: FnOnce(ReactorRunner<Publishing<F, K>, S, T, M>) -> ReactorRunner<Publishing<F, K>, S, T, M>,
    {
        self.reactor = change(self.reactor);
        self
    }

    /// See [`ReactorRunner::retries`].
    pub fn retries(mut self, retries: u32, first_wait: Duration) -> Self {
        self.reactor = self.reactor.retries(retries, first_wait);
        self
    }
}

impl<F: Publisher, K: MessageSink, S, T, M> PublisherRunner<F, K, S, T, M>
where
    S: ReadAll + Clone + 'static,
    T: Target<OnModel<Publishing<F, K>, M>>,
    M: Send + 'static,
{
    /// Publishes all events, and then new ones as they are appended, until an error. Returns `Ok` once the
    /// store is closed. Dropping the future is safe: the next run sends unconfirmed messages again.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; the status shows the reason as well.
    pub async fn run(&self) -> Result<(), ProjectorError> {
        self.reactor.run().await
    }

    /// Publishes all events that can be read now.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`], including that of a sink that stays unavailable.
    pub async fn catch_up(&self) -> Result<(), ProjectorError> {
        self.reactor.catch_up().await
    }

    /// Its progress, whichever program runs it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`] before its first run.
    pub async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        self.reactor.status().await
    }

    /// The dead letters, including messages that wait for earlier ones.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the target.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.reactor.dead_letters().await
    }

    /// Discards one dead letter: its event is never published. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] of the target.
    pub async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        self.reactor.discard(letter).await
    }

    /// Sends the dead letters of a stream again, in their order, up to the first that fails.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`], as [`ReactorRunner::retry`].
    pub async fn retry(&self, stream: &StreamId) -> Result<Retried, ProjectorError>
    where
        S: EventStore,
    {
        self.reactor.retry(stream).await
    }
}

impl<F, K, S: Clone, T: Clone, M> Clone for PublisherRunner<F, K, S, T, M> {
    fn clone(&self) -> Self {
        Self { reactor: self.reactor.clone() }
    }
}

impl<F: Publisher, K: MessageSink, S, T, M: Send + 'static> fmt::Debug for PublisherRunner<F, K, S, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublisherRunner").field("publisher", &F::NAME).finish_non_exhaustive()
    }
}

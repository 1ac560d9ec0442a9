//! A broker in memory, for tests of publishers and consumers.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::message::Message;
use super::sink::{MessageSink, SinkError};
use super::source::{Delivery, MessageSource, SourceError};
use super::wire::MalformedMessage;
use crate::latch;

/// The maximum number of messages that are delivered at once.
const PAGE: usize = 100;

/// Keeps messages in memory: a sink and, with [`source`](Self::source), a source. Clones share them.
///
/// ```
/// use es_core::messaging::{MemoryBroker, Message, MessageSink};
/// use es_core::uuid::Uuid;
/// use es_core::StreamId;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = MemoryBroker::new();
/// let loan = StreamId::new("loan", "L-7")?;
/// let message = Message::new(Uuid::now_v7(), loan, "loan.approved", 1, b"{}".to_vec());
/// broker.send(&message).await?.await?;
/// assert_eq!(broker.messages(), [message]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryBroker {
    shared: Arc<SharedState>,
}

#[derive(Debug, Default)]
struct SharedState {
    kept: Mutex<BrokerState>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct BrokerState {
    messages: Vec<Arc<Message>>,
    consumers: BTreeMap<String, ConsumerProgress>,
}

/// How far a consumer has come.
#[derive(Debug, Default)]
struct ConsumerProgress {
    settled: BTreeSet<u64>,
    deliveries: BTreeMap<u64, u64>,
    /// Nothing is delivered before this time.
    not_before: Option<Instant>,
}

impl MemoryBroker {
    /// An empty broker.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All messages, in the order in which they were sent, including repeated ones.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        latch::hold(&self.shared.kept).messages.iter().map(|message| Message::clone(message)).collect()
    }

    /// A source for the consumer of this name, whose progress the broker remembers.
    #[must_use]
    pub fn source(&self, consumer: &str) -> MemorySource {
        MemorySource { shared: Arc::clone(&self.shared), consumer: consumer.into() }
    }

    /// The number of messages that a consumer has not settled.
    #[must_use]
    pub fn unsettled(&self, consumer: &str) -> usize {
        let kept = latch::hold(&self.shared.kept);
        let settled = kept.consumers.get(consumer).map_or(0, |progress| progress.settled.len());
        kept.messages.len() - settled
    }
}

impl MessageSink for MemoryBroker {
    type Confirmation = Ready<Result<(), SinkError>>;

    async fn send(&self, message: &Message) -> Result<Self::Confirmation, SinkError> {
        latch::hold(&self.shared.kept).messages.push(Arc::new(message.clone()));
        self.shared.changed.notify_waiters();
        Ok(ready(Ok(())))
    }
}

/// The messages of a [`MemoryBroker`] for one consumer.
#[derive(Debug, Clone)]
pub struct MemorySource {
    shared: Arc<SharedState>,
    consumer: Arc<str>,
}

impl MemorySource {
    fn progress<T>(&self, change: impl FnOnce(&mut ConsumerProgress, &[Arc<Message>]) -> T) -> T {
        let mut kept = latch::hold(&self.shared.kept);
        let BrokerState { messages, consumers } = &mut *kept;
        change(consumers.entry(String::from(&*self.consumer)).or_default(), messages)
    }

    /// The first unsettled messages, or else the time to wait for.
    fn next(&self) -> Result<Vec<MemoryDelivery>, Option<Instant>> {
        self.progress(|progress, messages| {
            if let Some(until) = progress.not_before.filter(|until| *until > Instant::now()) {
                return Err(Some(until));
            }
            progress.not_before = None;
            let places = (1..).zip(messages).filter(|(place, _)| !progress.settled.contains(place));
            let deliveries: Vec<_> = places
                .take(PAGE)
                .map(|(place, message)| {
                    let deliveries = progress.deliveries.entry(place).or_default();
                    *deliveries += 1;
                    let (source, message) = (self.clone(), Arc::clone(message));
                    MemoryDelivery { source, message, place, deliveries: *deliveries }
                })
                .collect();
            if deliveries.is_empty() { Err(None) } else { Ok(deliveries) }
        })
    }
}

impl MessageSource for MemorySource {
    type Delivery = MemoryDelivery;

    async fn receive(&self) -> Result<Vec<MemoryDelivery>, SourceError> {
        loop {
            let changed = self.shared.changed.notified();
            match self.next() {
                Ok(deliveries) => return Ok(deliveries),
                Err(None) => changed.await,
                Err(Some(until)) => sleep_until(until).await,
            }
        }
    }
}

/// A message of a [`MemorySource`].
#[derive(Debug)]
pub struct MemoryDelivery {
    source: MemorySource,
    message: Arc<Message>,
    place: u64,
    deliveries: u64,
}

impl MemoryDelivery {
    fn settle(&self) {
        self.source.progress(|progress, _| {
            progress.settled.insert(self.place);
            progress.deliveries.remove(&self.place);
        });
    }
}

impl Delivery for MemoryDelivery {
    fn message(&self) -> Result<&Message, &MalformedMessage> {
        Ok(&self.message)
    }

    fn place(&self) -> u64 {
        self.place
    }

    fn deliveries(&self) -> u64 {
        self.deliveries
    }

    async fn ack(&self) -> Result<(), SourceError> {
        self.settle();
        Ok(())
    }

    async fn nack(&self, after: Duration) -> Result<(), SourceError> {
        let until = Instant::now() + after;
        self.source.progress(|progress, _| progress.not_before = progress.not_before.max(Some(until)));
        Ok(())
    }

    async fn term(&self, _: &str) -> Result<(), SourceError> {
        self.settle();
        Ok(())
    }

    async fn progress(&self) -> Result<(), SourceError> {
        Ok(())
    }

    fn comes_again_after(&self) -> Option<Duration> {
        None
    }
}

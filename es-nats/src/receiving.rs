//! The state of a source between two calls: messages that arrived and were not returned yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::Batch;
use async_nats::jetstream::{self, AckKind};
use es_core::messaging::SourceError;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout};
use tracing::debug;

use crate::delivery::{Handle, NatsDelivery};
use crate::failure::source_unavailable;
use crate::source_options::SourceOptions;

/// The interval of checks whether the client has reconnected, while no message arrives.
const CONNECTION_CHECK: Duration = Duration::from_millis(100);

/// A durable consumer as its source sees it.
pub(crate) struct Receiving {
    pub(crate) consumer: Option<PullConsumer>,
    /// Messages that arrived and were not returned yet, by their sequence in the stream.
    held: BTreeMap<u64, jetstream::Message>,
    /// Whether the server waits for no acknowledgements except those of `held` and `unsettled`, as far as is
    /// known.
    complete: bool,
    /// The consumer sequence of the last delivery. One that is skipped was lost, or went to another program.
    last: Option<u64>,
    consecutive: bool,
    /// The number of returned messages that are not settled.
    unsettled: Arc<AtomicUsize>,
    /// Set while a batch is read: the server counts messages as delivered even if they never arrive.
    interrupted: bool,
}

impl Receiving {
    pub(crate) fn new() -> Self {
        Self {
            consumer: None,
            held: BTreeMap::new(),
            complete: false,
            last: None,
            consecutive: true,
            unsettled: Arc::default(),
            interrupted: false,
        }
    }

    /// Whether no message can be redelivered except those that are held. Resets the answer until
    /// [`set_complete`](Self::set_complete), as the caller's future may be dropped in between.
    pub(crate) fn take_complete(&mut self) -> bool {
        let all_arrived = !std::mem::replace(&mut self.interrupted, false);
        let complete = std::mem::replace(&mut self.complete, false);
        complete && all_arrived && self.unsettled.load(Ordering::Relaxed) == 0
    }

    pub(crate) const fn set_complete(&mut self) {
        self.complete = true;
    }

    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether every delivery since the last call arrived here.
    pub(crate) fn take_consecutive(&mut self) -> bool {
        std::mem::replace(&mut self.consecutive, true)
    }

    /// Holds the messages of a batch until it ends, the client reconnects, or `limit` has passed.
    pub(crate) async fn hold_all(&mut self, client: &Client, mut batch: Batch, limit: Duration) {
        let connection = connection(client);
        let until = Instant::now() + limit;
        self.interrupted = true;
        loop {
            match timeout(CONNECTION_CHECK, batch.next()).await {
                Ok(Some(Ok(message))) => self.hold(message),
                Ok(None) => {
                    self.interrupted = false;
                    return;
                }
                Ok(Some(Err(error))) => {
                    debug!(%error, "a batch of messages ended early");
                    self.consecutive = false;
                    return;
                }
                Err(_)
                    if connection.is_none()
                        || self::connection(client) != connection
                        || Instant::now() > until =>
                {
                    self.consecutive = false;
                    return;
                }
                Err(_) => {}
            }
        }
    }

    fn hold(&mut self, message: jetstream::Message) {
        let Ok(info) = message.info() else { return };
        let (place, delivery) = (info.stream_sequence, info.consumer_sequence);
        self.consecutive &= self.last.is_some_and(|last| last + 1 == delivery);
        self.last = Some(delivery);
        self.held.insert(place, message);
    }

    /// Takes all messages that are held, in their order.
    pub(crate) fn take_all(&mut self, client: &Client, options: &SourceOptions) -> Vec<NatsDelivery> {
        self.unsettled = Arc::default();
        let deliveries = std::mem::take(&mut self.held).into_iter().filter_map(|(place, message)| {
            let deliveries = message.info().ok()?.delivered.unsigned_abs();
            let handle = Handle {
                client: client.clone(),
                timeout: options.request_timeout,
                comes_again_after: options.comes_again_after(),
                unsettled: Arc::clone(&self.unsettled),
            };
            let reply = message.reply.clone()?;
            Some(NatsDelivery::new(handle, (reply, place, deliveries), &message.message))
        });
        deliveries.collect()
    }

    /// Returns all messages that are held to the server (a negative acknowledgement).
    pub(crate) async fn nack_all(&mut self) -> Result<(), SourceError> {
        while let Some((_, message)) = self.held.pop_first() {
            message.ack_with(AckKind::Nak(None)).await.map_err(source_unavailable)?;
        }
        Ok(())
    }
}

/// The number of the current connection; `None` if the client is not connected.
pub(crate) fn connection(client: &Client) -> Option<u64> {
    let connected = client.connection_state() == async_nats::connection::State::Connected;
    connected.then(|| client.statistics().connects.load(Ordering::Relaxed))
}

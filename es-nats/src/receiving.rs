//! What a source holds between two calls: messages that were delivered and not handed over.

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
use crate::failure::away;
use crate::source_options::SourceOptions;

/// How often to look whether the connection is the same while nothing comes.
const LOOK: Duration = Duration::from_millis(100);

/// What a source knows of its durable consumer.
pub(crate) struct Receiving {
    pub(crate) consumer: Option<PullConsumer>,
    /// By their numbers in the stream.
    held: BTreeMap<u64, jetstream::Message>,
    /// Whether the server waits for no other messages than those that are held and those that were handed
    /// over, as far as is known.
    sure: bool,
    /// The number of the last delivery. One that is left out went to somebody else, or was lost.
    last: Option<u64>,
    consecutive: bool,
    /// How many of the messages that were handed over are not settled.
    open: Arc<AtomicUsize>,
    /// Set while a batch is read: what of it does not arrive was delivered nevertheless.
    interrupted: bool,
}

impl Receiving {
    pub(crate) fn new() -> Self {
        Self {
            consumer: None,
            held: BTreeMap::new(),
            sure: false,
            last: None,
            consecutive: true,
            open: Arc::default(),
            interrupted: false,
        }
    }

    /// Whether nothing can come again that was delivered before. Asking takes it away until
    /// [`is_sure`](Self::is_sure) brings it back, as the caller may be dropped in between.
    pub(crate) fn was_sure(&mut self) -> bool {
        let all_arrived = !std::mem::replace(&mut self.interrupted, false);
        std::mem::replace(&mut self.sure, false) && all_arrived && self.open.load(Ordering::Relaxed) == 0
    }

    pub(crate) const fn is_sure(&mut self) {
        self.sure = true;
    }

    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether all deliveries since the last time came here.
    pub(crate) fn is_consecutive(&mut self) -> bool {
        std::mem::replace(&mut self.consecutive, true)
    }

    /// Holds the messages of a batch until it ends, or the connection is another one.
    pub(crate) async fn hold_all(&mut self, client: &Client, mut batch: Batch, most: Duration) {
        let connection = connection(client);
        let until = Instant::now() + most;
        self.interrupted = true;
        loop {
            match timeout(LOOK, batch.next()).await {
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
        let (place, number) = (info.stream_sequence, info.consumer_sequence);
        self.consecutive &= self.last.is_some_and(|last| last + 1 == number);
        self.last = Some(number);
        self.held.insert(place, message);
    }

    /// Hands over all that are held, in their order.
    pub(crate) fn hand_over(&mut self, client: &Client, options: &SourceOptions) -> Vec<NatsDelivery> {
        self.open = Arc::default();
        let deliveries = std::mem::take(&mut self.held).into_iter().filter_map(|(place, message)| {
            let deliveries = message.info().ok()?.delivered.unsigned_abs();
            let handle = Handle {
                client: client.clone(),
                timeout: options.request_timeout,
                comes_again_after: options.comes_again_after(),
                open: Arc::clone(&self.open),
            };
            let reply = message.reply.clone()?;
            Some(NatsDelivery::new(handle, (reply, place, deliveries), &message.message))
        });
        deliveries.collect()
    }

    /// Gives back all that are held.
    pub(crate) async fn give_back(&mut self) -> Result<(), SourceError> {
        while let Some((_, message)) = self.held.pop_first() {
            message.ack_with(AckKind::Nak(None)).await.map_err(away)?;
        }
        Ok(())
    }
}

/// The number of the connection, if there is one.
pub(crate) fn connection(client: &Client) -> Option<u64> {
    let connected = client.connection_state() == async_nats::connection::State::Connected;
    connected.then(|| client.statistics().connects.load(Ordering::Relaxed))
}

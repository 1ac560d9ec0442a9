//! The source: receiving from a JetStream stream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::context::{ConsumerInfoErrorKind, Context, GetStreamErrorKind};
use async_nats::jetstream::stream::ConsumerErrorKind;
use async_nats::{Client, jetstream};
use es_core::messaging::{MessageSource, SourceError};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::delivery::NatsDelivery;
use crate::failure::{NatsSetupError, source_unavailable};
use crate::receiving::{Receiving, connection};
use crate::source_options::SourceOptions;

/// How long a pull request waits at the server for a message.
const EXPIRES: Duration = Duration::from_secs(2);

/// How much longer the client waits for the end of the request.
const GRACE: Duration = Duration::from_secs(1);

/// The first and the longest wait between checks whether another program still holds messages.
const POLL_WAITS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Error code: the stream does not exist.
const NO_STREAM: u64 = 10_059;

/// Receives the messages of a JetStream stream, in order, through a durable pull consumer with explicit
/// acknowledgements that the server confirms.
///
/// JetStream redelivers a message after others that were stored later. This source keeps the order: while the
/// server waits for messages that were lost in transit, or that a program held when it died, it returns
/// nothing, and then all of them in order. Of several programs with the same durable consumer, one receives
/// messages at a time, and the others stand by.
pub struct NatsSource {
    context: Context,
    options: Arc<SourceOptions>,
    receiving: Mutex<Receiving>,
}

impl NatsSource {
    /// Receives messages from a stream, which must exist. The first call of `receive` creates the durable
    /// consumer unless it exists; an existing one is not changed.
    #[must_use]
    pub fn new(client: Client, options: SourceOptions) -> Self {
        let context = jetstream::new(client);
        Self { context, options: Arc::new(options), receiving: Mutex::new(Receiving::new()) }
    }

    async fn consumer(&self, receiving: &mut Receiving) -> Result<PullConsumer, SourceError> {
        if connection(&self.context.client()).is_none() {
            return Err(source_unavailable("the client is not connected"));
        }
        if let Some(consumer) = &receiving.consumer {
            return Ok(consumer.clone());
        }
        let name = self.options.name();
        if !is_valid(name) {
            return Err(NatsSetupError::InvalidName(name.to_owned()).into());
        }
        let stream =
            self.context.get_stream(&self.options.stream).await.map_err(|error| match error.kind() {
                GetStreamErrorKind::JetStream(answer) if answer.error_code().0 == NO_STREAM => {
                    NatsSetupError::NoStream(self.options.stream.clone()).into()
                }
                GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName => {
                    refused("the stream", error)
                }
                _ => source_unavailable(error),
            })?;
        let config = self.options.consumer.clone();
        let created = stream.get_or_create_consumer(name, config).await;
        let consumer = created.map_err(|error| match error.kind() {
            ConsumerErrorKind::JetStream(answer) if answer.code() < 500 => refused("the consumer", error),
            ConsumerErrorKind::InvalidConsumerType => refused("the consumer", error),
            _ => source_unavailable(error),
        })?;
        receiving.consumer = Some(consumer.clone());
        Ok(consumer)
    }

    /// Waits for one message until the request expires.
    async fn wait(&self, receiving: &mut Receiving, consumer: &PullConsumer) -> Result<(), SourceError> {
        let batch =
            consumer.batch().max_messages(1).expires(EXPIRES).messages().await.map_err(source_unavailable)?;
        receiving.hold_all(&self.context.client(), batch, EXPIRES + GRACE).await;
        Ok(())
    }

    /// Fetches the messages that are available now.
    async fn fetch(&self, receiving: &mut Receiving, consumer: &PullConsumer) -> Result<(), SourceError> {
        let room = self.options.max_messages().saturating_sub(receiving.held());
        if room > 0 {
            let batch = consumer.fetch().max_messages(room).messages().await.map_err(source_unavailable)?;
            receiving.hold_all(&self.context.client(), batch, self.options.request_timeout).await;
        }
        Ok(())
    }

    /// The number of messages that the server has delivered, to any program, and that are not acknowledged.
    async fn pending(
        &self,
        receiving: &mut Receiving,
        consumer: &PullConsumer,
    ) -> Result<usize, SourceError> {
        match consumer.get_info().await {
            Ok(info) => Ok(info.num_ack_pending),
            Err(error) => {
                if matches!(
                    error.kind(),
                    ConsumerInfoErrorKind::NotFound | ConsumerInfoErrorKind::StreamNotFound
                ) {
                    // The next call creates the consumer again.
                    receiving.consumer = None;
                }
                Err(source_unavailable(error))
            }
        }
    }
}

impl MessageSource for NatsSource {
    type Delivery = NatsDelivery;

    async fn receive(&self) -> Result<Vec<NatsDelivery>, SourceError> {
        let mut receiving = self.receiving.lock().await;
        let receiving = &mut *receiving;
        let client = self.context.client();
        let (mut pause, longest) = POLL_WAITS;
        loop {
            let consumer = self.consumer(receiving).await?;
            let was_complete = receiving.take_complete();
            if was_complete && receiving.held() == 0 {
                self.wait(receiving, &consumer).await?;
            }
            if !was_complete || receiving.held() > 0 {
                self.fetch(receiving, &consumer).await?;
            }
            let complete = was_complete & receiving.take_consecutive();
            if complete || self.pending(receiving, &consumer).await? == receiving.held() {
                receiving.set_complete();
                if receiving.held() > 0 {
                    return Ok(receiving.take_all(&client, &self.options));
                }
                continue;
            }
            // Other messages are redelivered later, and may belong before or after those that are held.
            receiving.nack_all().await?;
            sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// Whether a durable consumer can have this name: requests for one with another name are never answered.
fn is_valid(name: &str) -> bool {
    !name.is_empty() && !name.contains(|of: char| of.is_whitespace() || ".*>".contains(of))
}

fn refused(what: &'static str, error: impl Into<es_core::record::BoxError>) -> SourceError {
    NatsSetupError::Refused { what, source: error.into() }.into()
}

impl fmt::Debug for NatsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pull::Config { durable_name, .. } = &self.options.consumer;
        f.debug_struct("NatsSource")
            .field("stream", &self.options.stream)
            .field("consumer", durable_name)
            .finish_non_exhaustive()
    }
}

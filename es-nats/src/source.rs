//! Messages from a stream of JetStream.

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
use crate::failure::{NatsSetupError, away};
use crate::receiving::{Receiving, connection};
use crate::source_options::SourceOptions;

/// For how long the server keeps a request for messages that are not there.
const EXPIRES: Duration = Duration::from_secs(2);

/// How much longer the client waits for its end.
const GRACE: Duration = Duration::from_secs(1);

/// Between two looks at messages that somebody else has, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// There is no stream of this name.
const NO_STREAM: u64 = 10_059;

/// Receives the messages of a stream of JetStream, through a durable pull consumer with explicit
/// acknowledgements, which the server confirms.
///
/// JetStream delivers a message again after others that were stored later. This source does not: as long as
/// the server waits for messages that were delivered and did not arrive, or went to a program that has died,
/// it hands over nothing, and then all of them in their order. Of several programs that receive for the same
/// consumer one works at a time, and the others stand by.
pub struct NatsSource {
    context: Context,
    options: Arc<SourceOptions>,
    receiving: Mutex<Receiving>,
}

impl NatsSource {
    /// Receives messages. The durable consumer is created unless it is there; one that is there stays as it
    /// is. The stream has to be there.
    #[must_use]
    pub fn new(client: Client, options: SourceOptions) -> Self {
        let context = jetstream::new(client);
        Self { context, options: Arc::new(options), receiving: Mutex::new(Receiving::new()) }
    }

    async fn consumer(&self, receiving: &mut Receiving) -> Result<PullConsumer, SourceError> {
        if connection(&self.context.client()).is_none() {
            return Err(away("the client is not connected"));
        }
        if let Some(consumer) = &receiving.consumer {
            return Ok(consumer.clone());
        }
        let stream =
            self.context.get_stream(&self.options.stream).await.map_err(|error| match error.kind() {
                GetStreamErrorKind::JetStream(said) if said.error_code().0 == NO_STREAM => {
                    NatsSetupError::NoStream(self.options.stream.clone()).into()
                }
                GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName => {
                    refused("the stream", error)
                }
                _ => away(error),
            })?;
        let config = self.options.consumer.clone();
        let created = stream.get_or_create_consumer(self.options.name(), config).await;
        let consumer = created.map_err(|error| match error.kind() {
            ConsumerErrorKind::JetStream(said) if said.code() < 500 => refused("the consumer", error),
            ConsumerErrorKind::InvalidName | ConsumerErrorKind::InvalidConsumerType => {
                refused("the consumer", error)
            }
            _ => away(error),
        })?;
        receiving.consumer = Some(consumer.clone());
        Ok(consumer)
    }

    /// Waits for a message, unless it does not come.
    async fn wait(&self, receiving: &mut Receiving, consumer: &PullConsumer) -> Result<(), SourceError> {
        let batch = consumer.batch().max_messages(1).expires(EXPIRES).messages().await.map_err(away)?;
        receiving.hold_all(&self.context.client(), batch, EXPIRES + GRACE).await;
        Ok(())
    }

    /// Takes what is there.
    async fn fetch(&self, receiving: &mut Receiving, consumer: &PullConsumer) -> Result<(), SourceError> {
        let room = self.options.most().saturating_sub(receiving.held());
        if room > 0 {
            let batch = consumer.fetch().max_messages(room).messages().await.map_err(away)?;
            receiving.hold_all(&self.context.client(), batch, self.options.request_timeout).await;
        }
        Ok(())
    }

    /// For how many messages the server waits.
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
                    // It is made again.
                    receiving.consumer = None;
                }
                Err(away(error))
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
        let (mut pause, longest) = PAUSES;
        loop {
            let consumer = self.consumer(receiving).await?;
            let was_sure = receiving.was_sure();
            if was_sure && receiving.held() == 0 {
                self.wait(receiving, &consumer).await?;
            }
            if !was_sure || receiving.held() > 0 {
                self.fetch(receiving, &consumer).await?;
            }
            let sure = was_sure & receiving.is_consecutive();
            if sure || self.pending(receiving, &consumer).await? == receiving.held() {
                receiving.is_sure();
                if receiving.held() > 0 {
                    return Ok(receiving.hand_over(&client, &self.options));
                }
                continue;
            }
            // They come again when nobody has them any more, before or after those that are held.
            receiving.give_back().await?;
            sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause = (pause * 2).min(longest);
        }
    }
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

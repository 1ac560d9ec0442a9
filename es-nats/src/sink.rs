//! The sink: publishing to a JetStream stream.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use async_nats::connection::State;
use async_nats::header::{HeaderMap, HeaderName, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use async_nats::jetstream::context::{Context, ContextBuilder, PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{Client, jetstream};
use es_core::messaging::{Encoded, Message, MessageSink, SinkError};
use tokio::time::{Instant, timeout_at};

use crate::delivery::ID_HEADER;
use crate::failure::{NatsSetupError, PublishFailure, is_no_stream, is_refusal, unavailable};
use crate::sink_options::SinkOptions;
use crate::subject::subject;

/// How many messages may wait for their acknowledgements: the publisher's window is the limit.
const MOST_IN_FLIGHT: usize = 1 << 20;

/// Publishes messages to a JetStream stream, each with its id as `Nats-Msg-Id`: the server drops one that is
/// sent again within the stream's duplicate window, two minutes by default.
///
/// A message is confirmed by the server's acknowledgement, once a quorum of the stream's replicas has it.
/// [`SinkError::Unavailable`], which the publisher retries, stands for a server that does not respond, a
/// stream without a leader, and a full stream; [`SinkError::Refused`] for a message that is too large.
#[derive(Clone)]
pub struct NatsSink {
    shared: Arc<Shared>,
}

/// What a sink and its confirmations share: cloning the client for each message would take longer than
/// encoding it.
struct Shared {
    client: Client,
    context: Context,
    options: SinkOptions,
}

/// A future that resolves when the server acknowledges a message.
pub type Confirmation = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

impl NatsSink {
    /// Publishes to the stream, without creating it. Messages sent before it exists fail with
    /// [`SinkError::Setup`].
    #[must_use]
    pub fn new(client: Client, options: SinkOptions) -> Self {
        let context = ContextBuilder::new().timeout(options.ack_timeout).max_ack_inflight(MOST_IN_FLIGHT);
        let context = context.build(client.clone());
        Self { shared: Arc::new(Shared { client, context, options }) }
    }

    /// Creates the stream unless it exists, then publishes to it. An existing stream is not changed.
    ///
    /// # Errors
    ///
    /// [`SinkError`] when the server does not respond or refuses the stream.
    pub async fn create(client: Client, options: SinkOptions) -> Result<Self, SinkError> {
        let sink = Self::new(client, options);
        let Shared { context, options, .. } = &*sink.shared;
        let mut config = options.stream.clone();
        if config.subjects.is_empty() {
            config.subjects = vec![format!("{}.>", options.prefix)];
        }
        match context.get_or_create_stream(config).await {
            Ok(_) => Ok(sink),
            Err(error) if is_refused(&error) => {
                Err(NatsSetupError::Refused { what: "the stream", source: error.into() }.into())
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}

fn is_refused(error: &jetstream::context::CreateStreamError) -> bool {
    use jetstream::context::CreateStreamErrorKind as Kind;
    match error.kind() {
        Kind::EmptyStreamName | Kind::InvalidStreamName | Kind::DomainAndExternalSet => true,
        Kind::JetStream(answer) => answer.code() < 500,
        _ => is_refusal(error),
    }
}

impl MessageSink for NatsSink {
    type Confirmation = Confirmation;

    async fn send(&self, message: &Message) -> Result<Confirmation, SinkError> {
        let until = Instant::now() + self.shared.options.ack_timeout;
        // The client would buffer it and send it after a reconnect: perhaps after a newer message.
        if self.shared.client.connection_state() != State::Connected {
            return Err(unavailable("the client is not connected"));
        }
        let (subject, publish) = self.shared.publish_message(message);
        match self.shared.context.send_publish(subject, publish).await {
            Ok(ack) => {
                let shared = Arc::clone(&self.shared);
                Ok(Box::pin(async move { shared.confirmed(ack, until).await }))
            }
            Err(error) => Err(self.shared.explained(error.into()).await),
        }
    }
}

impl Shared {
    fn publish_message(&self, message: &Message) -> (String, PublishMessage) {
        let SinkOptions { stream, prefix, encoding, .. } = &self.options;
        let Encoded { headers, body, .. } = message.encode(encoding);
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let name = if name == ID_HEADER { NATS_MESSAGE_ID } else { HeaderName::from_static(name) };
            all.insert(name, value);
        }
        // The body of a CloudEvent has the id; no header has.
        if all.get(NATS_MESSAGE_ID).is_none() {
            all.insert(NATS_MESSAGE_ID, message.id.to_string());
        }
        all.insert(NATS_EXPECTED_STREAM, stream.name.as_str());
        let publish = PublishMessage::build().headers(all).payload(body.into());
        (subject(prefix, message.stream.category(), &message.name), publish)
    }

    async fn confirmed(&self, ack: PublishAckFuture, until: Instant) -> Result<(), SinkError> {
        match timeout_at(until, ack.into_future()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.explained(error.into()).await),
            Err(_) => Err(unavailable("the server did not acknowledge the message in time")),
        }
    }

    async fn explained(&self, failure: PublishFailure) -> SinkError {
        match failure {
            PublishFailure::Failed(error) => error,
            // This future is larger than all others of a confirmation together, and seldom needed.
            PublishFailure::NoResponders(error) => Box::pin(self.without_responders(error)).await,
        }
    }

    /// Distinguishes a stream that does not exist from one that has no leader yet.
    async fn without_responders(&self, error: PublishError) -> SinkError {
        let name = &self.options.stream.name;
        match self.context.get_stream(name).await {
            Err(missing) if is_no_stream(&missing) || is_missing(&missing) => {
                NatsSetupError::NoStream(name.clone()).into()
            }
            _ => unavailable(error),
        }
    }
}

fn is_missing(error: &jetstream::context::GetStreamError) -> bool {
    match error.kind() {
        jetstream::context::GetStreamErrorKind::JetStream(answer) => is_no_stream(&answer),
        _ => false,
    }
}

impl fmt::Debug for NatsSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsSink").field("stream", &self.shared.options.stream.name).finish_non_exhaustive()
    }
}

//! The conformance suites of sinks and of sources, on JetStream.

use std::time::Duration;

use es_core::StreamId;
use es_core::conformance::sinks::{Interrupt, Refuse, Repeated, SinkHarness};
use es_core::conformance::sources::{self, InterruptSource, SourceHarness};
use es_core::messaging::{Message, MessageSink};
use es_core::uuid::Uuid;
use es_nats::async_nats::Client;
use es_nats::async_nats::jetstream;
use es_nats::testing::{NatsServer, Network, NetworkFault};
use es_nats::{NatsSink, NatsSource, SourceOptions};

use crate::service::{client, messages, sink_options};

/// A server behind a proxy that injects faults.
struct JetStream {
    network: Network,
    direct: Client,
    _server: NatsServer,
}

impl JetStream {
    async fn start() -> Self {
        let server = NatsServer::start().await.expect("a server");
        let network = Network::before(server.port()).await.expect("a network");
        let direct = client(&server.url()).await;
        NatsSink::create(direct.clone(), sink_options()).await.expect("a stream");
        Self { network, direct, _server: server }
    }
}

impl SinkHarness for JetStream {
    type Sink = NatsSink;
    const REPEATED: Repeated = Repeated::Dropped;
    const TIMEOUT: Duration = Duration::from_secs(10);

    async fn sink(&self) -> NatsSink {
        NatsSink::new(client(&self.network.url()).await, sink_options())
    }

    async fn stored(&self) -> Vec<Message> {
        messages(&self.direct).await
    }
}

impl Interrupt for JetStream {
    async fn interrupt(&self) {
        self.network.set(NetworkFault::NoAnswers);
    }

    async fn restore(&self) {
        self.network.set(NetworkFault::None);
        self.network.cut();
    }
}

impl Refuse for JetStream {
    fn refused(&self, stream: &StreamId) -> Message {
        let payload = format!("\"{}\"", "x".repeat(1 << 20)).into_bytes();
        Message::new(Uuid::now_v7(), stream.clone(), "parcel.sent", 1, payload)
    }
}

es_core::sink_conformance!(async { JetStream::start().await });

impl SourceHarness for JetStream {
    type Source = NatsSource;

    async fn source(&self) -> NatsSource {
        let options = SourceOptions::new("loans", "suite").ack_wait(Duration::from_secs(2));
        let options = options.request_timeout(Duration::from_secs(1));
        NatsSource::new(client(&self.network.url()).await, options)
    }

    async fn store(&self, message: &Message) {
        let sink = NatsSink::new(self.direct.clone(), sink_options());
        sink.send(message).await.expect("it is sent").await.expect("it is stored");
    }
}

impl sources::Expire for JetStream {}

impl InterruptSource for JetStream {
    async fn interrupt(&self) {
        Interrupt::interrupt(self).await;
    }

    async fn restore(&self) {
        Interrupt::restore(self).await;
    }
}

impl sources::Malformed for JetStream {
    async fn store_malformed(&self) {
        let context = jetstream::new(self.direct.clone());
        let sent = context.publish("es.parcel.malformed", "hello".into()).await.expect("it is sent");
        sent.await.expect("it is stored");
    }
}

es_core::source_conformance!(async { JetStream::start().await });

//! The conformance suite of sinks, on JetStream.

use std::time::Duration;

use es_core::StreamId;
use es_core::conformance::sinks::{Interrupt, Refuse, Repeated, SinkHarness};
use es_core::messaging::Message;
use es_core::uuid::Uuid;
use es_nats::NatsSink;
use es_nats::async_nats::Client;
use es_nats::testing::{NatsServer, Network, NetworkFault};

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

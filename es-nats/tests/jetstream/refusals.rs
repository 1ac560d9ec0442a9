//! What the server refuses, and what has to be set up first.

use std::time::Duration;

use async_nats::jetstream;
use es_core::StreamId;
use es_core::messaging::{Delivery, Message, MessageSink, MessageSource, SinkError, SourceError};
use es_core::uuid::Uuid;
use es_nats::testing::NatsServer;
use es_nats::{NatsSink, NatsSource, SinkOptions, SourceOptions};

use crate::service::{client, sink_options};

fn message(bytes: usize) -> Message {
    let stream = StreamId::new("loan", "L-1").expect("a stream id");
    let payload = format!("\"{}\"", "x".repeat(bytes)).into_bytes();
    Message::new(Uuid::now_v7(), stream, "loan.approved", 1, payload)
}

async fn deliver(sink: &NatsSink, message: &Message) -> Result<(), SinkError> {
    sink.send(message).await?.await
}

/// A consumer named `notifier` of a stream.
fn of(stream: &str) -> SourceOptions {
    SourceOptions::new(stream, "notifier").request_timeout(Duration::from_secs(1))
}

/// The first messages of a source.
async fn receive(source: &NatsSource) -> Result<Vec<<NatsSource as MessageSource>::Delivery>, SourceError> {
    tokio::time::timeout(Duration::from_secs(60), source.receive()).await.expect("it responds in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_the_server_refuses_has_to_be_set_up() {
    let server = NatsServer::start().await.expect("a server");
    let client = client(&server.url()).await;
    NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    let refused = [
        SinkOptions::new(""),
        SinkOptions::new("with.a.dot"),
        // Its subjects are those of another stream.
        SinkOptions::new("others"),
    ];
    for options in refused {
        let outcome = NatsSink::create(client.clone(), options.clone()).await;
        let Err(error) = outcome else { panic!("created: {options:?}") };
        assert!(matches!(error, SinkError::Setup { .. }), "{error}");
        assert!(error.to_string().contains("refused the stream"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_for_its_stream_is_refused_and_a_smaller_one_is_not() {
    let server = NatsServer::start().await.expect("a server");
    let options = sink_options().stream(|stream| stream.max_message_size = 1_000);
    let sink = NatsSink::create(client(&server.url()).await, options).await.expect("a stream");
    deliver(&sink, &message(100)).await.expect("it fits");
    let headers = message(100).traceparent("0".repeat(70_000));
    for too_large in [message(2_000), headers] {
        let error = deliver(&sink, &too_large).await.expect_err("it does not fit");
        assert!(matches!(error, SinkError::Refused { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_says_what_has_to_be_set_up() {
    let server = NatsServer::start().await.expect("a server");
    let client = client(&server.url()).await;
    NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    let stream = jetstream::new(client.clone()).get_stream("loans").await.expect("a stream");
    let pushed = jetstream::consumer::push::Config {
        durable_name: Some("pushed".into()),
        deliver_subject: "elsewhere".into(),
        ..Default::default()
    };
    stream.create_consumer(pushed).await.expect("a consumer");
    let hour = Duration::from_secs(3600);
    let refused = [
        (of("missing"), "there is no stream `missing`"),
        (of(""), "refused the stream"),
        (of("with.a.dot"), "refused the stream"),
        (SourceOptions::new("loans", ""), "`` cannot name a durable consumer"),
        (SourceOptions::new("loans", "with.a.dot"), "`with.a.dot` cannot name a durable consumer"),
        (SourceOptions::new("loans", "pushed"), "refused the consumer"),
        (of("loans").backoff([hour; 3]).consumer(|config| config.max_deliver = 1), "refused the consumer"),
    ];
    for (options, wanted) in refused {
        let outcome = receive(&NatsSource::new(client.clone(), options)).await;
        let Err(error) = outcome else { panic!("received; {wanted}") };
        assert!(matches!(error, SourceError::Setup { .. }), "{error}; {wanted}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_durable_consumer_that_was_deleted_is_created_again() {
    let server = NatsServer::start().await.expect("a server");
    let client = client(&server.url()).await;
    let sink = NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    let source = NatsSource::new(client.clone(), of("loans"));
    let sent = message(1);
    deliver(&sink, &sent).await.expect("it is stored");
    receive(&source).await.expect("it is delivered")[0].ack().await.expect("it is settled");
    let stream = jetstream::new(client).get_stream("loans").await.expect("a stream");
    stream.delete_consumer("notifier").await.expect("it is deleted");
    let again = async {
        loop {
            match source.receive().await {
                Ok(deliveries) => return deliveries,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(60), again).await.expect("it is created again");
    assert_eq!(again[0].message().expect("a message"), &sent);
}

/// Otherwise the source would take the other message for settled, and what comes after it for the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_settled_twice_does_not_settle_another() {
    let server = NatsServer::start().await.expect("a server");
    let client = client(&server.url()).await;
    let sink = NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    let all: [Message; 3] = std::array::from_fn(|_| message(1));
    for message in &all[..2] {
        deliver(&sink, message).await.expect("it is stored");
    }
    let source = NatsSource::new(client, of("loans"));
    let deliveries = receive(&source).await.expect("they are delivered");
    for _ in 0..2 {
        deliveries[0].ack().await.expect("it is settled");
    }
    deliveries[1].nack(Duration::from_millis(300)).await.expect("it is returned");
    deliver(&sink, &all[2]).await.expect("it is stored");
    let next = receive(&source).await.expect("the other one is redelivered");
    let next: Vec<_> = next.iter().map(|delivery| delivery.message().expect("a message")).collect();
    assert_eq!(next, [&all[1], &all[2]]);
}

/// Its acknowledgement timeout is longer than the test waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_dropped_is_redelivered_at_once() {
    let server = NatsServer::start().await.expect("a server");
    let client = client(&server.url()).await;
    let sink = NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    let sent = message(1);
    deliver(&sink, &sent).await.expect("it is stored");
    let hour = Duration::from_secs(3600);
    let source = NatsSource::new(client, of("loans").ack_wait(hour));
    drop(receive(&source).await.expect("it is delivered"));
    let again = receive(&source).await.expect("it is redelivered");
    assert_eq!(again[0].message().expect("a message"), &sent);
    assert_eq!(again[0].deliveries(), 2);
}

//! Consuming while servers, programs and messages fail.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream;
use es_core::StreamId;
use es_core::projection::OnFailure;
use es_nats::NatsSink;
use es_nats::testing::{NatsServer, Network, NetworkFault};

use crate::service::{Loans, Mails, client, consume, count, publish, sink_options, until};

/// Publishes this number of approvals of each of this number of loans.
async fn published(server: &NatsServer, loans: u64, approvals: u64) -> (async_nats::Client, Loans) {
    let (client, store) = (client(&server.url()).await, Loans::default());
    let sink = NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    store.approve_all(loans, approvals).await;
    let running = publish(&store, sink);
    until("all are published", || async { count(&client).await >= loans * approvals }).await;
    running.abort();
    (client, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_stored_twice_executes_its_command_once() {
    let server = NatsServer::start().await.expect("a server");
    let (client, _) = published(&server, 3, 3).await;
    let context = jetstream::new(client.clone());
    let stream = context.get_stream("loans").await.expect("a stream");
    for sequence in 1..=9 {
        let message = stream.get_raw_message(sequence).await.expect("a message");
        let mut headers: HeaderMap = message.headers.clone();
        headers.insert("es-id", message.headers.get("Nats-Msg-Id").expect("an id").clone());
        // Another id has the effect of a repetition after the duplicate window.
        headers.insert("Nats-Msg-Id", format!("another {sequence}"));
        let again = context.publish_with_headers(message.subject, headers, message.payload).await;
        again.expect("it is sent").await.expect("it is stored");
    }
    let mails = Mails::new();
    let running = consume(&mails, client.clone());
    until("all are consumed", || async { unsettled(&client).await == Some(0) }).await;
    assert!(mails.are(3, 3).await);
    running.abort();
}

/// The number of messages that the consumer has not settled.
async fn unsettled(client: &async_nats::Client) -> Option<u64> {
    let stream = jetstream::new(client.clone()).get_stream("loans").await.ok()?;
    let info = stream.consumer_info("notifier").await.ok()?;
    Some(info.num_pending + info.num_ack_pending as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_stopped_or_killed_repeatedly_loses_nothing_and_keeps_the_order() {
    let server = NatsServer::start().await.expect("a server");
    let (client, _) = published(&server, 10, 60).await;
    let mails = Mails::new();
    for round in 1..=4 {
        let before = unsettled(&client).await.unwrap_or(600);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let consumer = mails.consumer(self::client(&server.url()).await);
        let running = tokio::spawn(async move { consumer.run_until(async { drop(stopped.await) }).await });
        until("some are consumed", || async {
            unsettled(&client).await.is_some_and(|now| now < before) || before == 0
        })
        .await;
        if round % 2 == 0 {
            drop(stop);
            running.await.expect("no panic").expect("it stops");
        } else {
            running.abort();
            drop(running.await);
        }
    }
    let running = consume(&mails, client.clone());
    until("all are consumed", || async { mails.are(10, 60).await }).await;
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_waits_for_a_server_that_was_killed() {
    let mut server = NatsServer::start().await.expect("a server");
    let (client, loans) = published(&server, 10, 40).await;
    let mails = Mails::new();
    let running = consume(&mails, client.clone());
    until("some are consumed", || async { !mails.of("L-0").await.is_empty() }).await;
    server.kill().await.expect("it is killed");
    server.restart().await.expect("it starts again");
    let publishing = publish(&loans, NatsSink::new(client.clone(), sink_options()));
    loans.approve("L-0", 41, 141).await;
    until("all are consumed", || async { mails.are(10, 40).await && mails.of("L-0").await.len() == 41 })
        .await;
    running.abort();
    publishing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_messages_and_acknowledgements_are_redelivered_in_order() {
    let server = NatsServer::start().await.expect("a server");
    let (direct, _) = published(&server, 10, 40).await;
    let network = Network::before(server.port()).await.expect("a network");
    let mails = Mails::new();
    let running = consume(&mails, client(&network.url()).await);
    until("some are consumed", || async { !mails.of("L-0").await.is_empty() }).await;
    network.set(NetworkFault::NoAnswers);
    // Meanwhile the server delivers messages that do not arrive.
    tokio::time::sleep(Duration::from_millis(300)).await;
    network.set(NetworkFault::None);
    network.cut();
    until("all are consumed", || async { mails.are(10, 40).await }).await;
    until("all are settled", || async { unsettled(&direct).await == Some(0) }).await;
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_take_turns_and_when_one_dies_the_other_continues() {
    let server = NatsServer::start().await.expect("a server");
    let (client, loans) = published(&server, 10, 60).await;
    let mails = Mails::new();
    let one = consume(&mails, self::client(&server.url()).await);
    let other = consume(&mails, self::client(&server.url()).await);
    until("half are consumed", || async { mails.of("L-9").await.len() >= 30 }).await;
    one.abort();
    until("all are consumed", || async { mails.are(10, 60).await }).await;
    drop((other, loans, client));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_is_parked_with_its_stream_and_so_is_a_malformed_one() {
    let server = NatsServer::start().await.expect("a server");
    let (client, loans) = published(&server, 1, 1).await;
    let context = jetstream::new(client.clone());
    context
        .publish("es.loan.loan.approved", "hello".into())
        .await
        .expect("it is sent")
        .await
        .expect("it is stored");
    loans.approve("a", 1, 13).await;
    loans.approve("a", 2, 2).await;
    loans.approve("b", 1, 1).await;
    let publishing = publish(&loans, NatsSink::new(client.clone(), sink_options()));
    let mails = Mails::new();
    let consumer = mails.consumer(client.clone()).on_failure(OnFailure::Park);
    let running = tokio::spawn(async move { consumer.run().await });
    until("all are settled", || async { count(&client).await == 5 && unsettled(&client).await == Some(0) })
        .await;
    assert_eq!((mails.of("a").await, mails.of("b").await), (vec![], vec![1]));
    let letters = mails.consumer(client.clone()).dead_letters().await.expect("letters");
    let reasons: Vec<_> = letters.iter().map(|letter| &*letter.reason).collect();
    assert!(reasons[0].contains("`es-time` is missing") && reasons[1] == "unlucky", "{reasons:?}");
    assert_eq!(
        letters[2].message.as_ref().map(|message| message.stream.clone()),
        StreamId::new("loan", "a").ok()
    );
    publishing.abort();
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_consumer_catches_up_with_a_hundred_thousand_messages() {
    let server = NatsServer::start().await.expect("a server");
    let (client, _) = published(&server, 1_000, 100).await;
    let mails = Mails::new();
    let running = consume(&mails, client.clone());
    until("all are consumed", || async { unsettled(&client).await == Some(0) }).await;
    assert!(mails.are(1_000, 100).await);
    running.abort();
}

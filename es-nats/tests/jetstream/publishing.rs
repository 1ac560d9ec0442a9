//! Publishing to a server that is killed, slow, full, or does not respond.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream;
use es_core::StreamId;
use es_core::messaging::{Encoding, Message, MessageSink, PublisherRunner, SinkError};
use es_core::projection::{OnFailure, ProjectorError};
use es_core::uuid::Uuid;
use es_nats::NatsSink;
use es_nats::testing::{NatsServer, Network, NetworkFault};

use crate::service::{
    LARGE, LoanFeed, Loans, client, count, messages, publish, published, sink_options, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_message_is_stored_once_under_its_subject_in_either_encoding() {
    let server = NatsServer::start().await.expect("a server");
    let (client, loans) = (client(&server.url()).await, Loans::default());
    loans.approve_all(3, 4).await;
    let sink = NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    PublisherRunner::new(loans.store.clone(), LoanFeed, sink).catch_up().await.expect("it publishes");
    let events = Encoding::CloudEvents { source: String::from("/loans") };
    let sink = NatsSink::create(client.clone(), sink_options().encoding(events)).await.expect("a stream");
    loans.approve("L-0", 5, 105).await;
    PublisherRunner::new(loans.store.clone(), LoanFeed, sink).catch_up().await.expect("it publishes");
    let all = published(&client).await;
    assert_eq!(all["L-0"], [101, 102, 103, 104, 105]);
    assert_eq!((all.len(), &all["L-2"]), (3, &vec![101, 102, 103, 104]));
    let stream = jetstream::new(client).get_stream("loans").await.expect("a stream");
    let first = stream.get_raw_message(1).await.expect("a message");
    assert_eq!(first.subject.as_str(), "es.loan.loan.approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_waits_for_a_server_that_was_killed_and_loses_nothing() {
    let mut server = NatsServer::with(&["--config", "/dev/null"]).await.expect("a server");
    let (client, loans) = (client(&server.url()).await, Loans::default());
    let sink = NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    loans.approve_all(20, 50).await;
    let running = publish(&loans, sink);
    until("some are published", || async { count(&client).await >= 100 }).await;
    server.kill().await.expect("it is killed");
    loans.approve("L-0", 51, 151).await;
    server.restart().await.expect("it starts again");
    until("all are published", || async { count(&client).await >= 1001 }).await;
    running.abort();
    let all = published(&client).await;
    assert!(all.values().all(|cents| cents.is_sorted()), "{all:?}");
    assert_eq!((all["L-0"].len(), all["L-7"].len()), (51, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_slows_the_publisher_and_nothing_is_lost_or_repeated() {
    let server = NatsServer::start().await.expect("a server");
    let network = Network::before(server.port()).await.expect("a network");
    let loans = Loans::default();
    loans.approve_all(20, 3).await;
    let sink = NatsSink::create(client(&network.url()).await, sink_options()).await.expect("a stream");
    network.set(NetworkFault::Slow(Duration::from_millis(100)));
    let runner = PublisherRunner::new(loans.store.clone(), LoanFeed, sink).window(10);
    runner.catch_up().await.expect("it publishes");
    let all = published(&client(&server.url()).await).await;
    assert!(all.len() == 20 && all.values().all(|cents| *cents == [101, 102, 103]), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_acknowledgement_is_lost_is_sent_again_and_stored_once() {
    let server = NatsServer::start().await.expect("a server");
    let network = Network::before(server.port()).await.expect("a network");
    let (direct, loans) = (client(&server.url()).await, Loans::default());
    let sink = NatsSink::create(client(&network.url()).await, sink_options()).await.expect("a stream");
    loans.approve_all(4, 3).await;
    network.set(NetworkFault::NoAnswers);
    let running = publish(&loans, sink);
    until("they arrive", || async { count(&direct).await >= 4 }).await;
    // None of them is confirmed, so no second approval of a loan has been sent.
    assert_eq!(count(&direct).await, 4);
    network.set(NetworkFault::None);
    network.cut();
    until("all are published", || async { count(&direct).await >= 12 }).await;
    running.abort();
    let all = published(&direct).await;
    assert!(all.values().all(|cents| *cents == [101, 102, 103]), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_waits_for_a_full_stream_and_no_message_is_dropped() {
    let server = NatsServer::start().await.expect("a server");
    let (client, loans) = (client(&server.url()).await, Loans::default());
    let options = sink_options().stream(|stream| stream.max_bytes = 4_000);
    let sink = NatsSink::create(client.clone(), options).await.expect("a stream");
    loans.approve_all(5, 10).await;
    let running = publish(&loans, sink);
    until("it is full", || async { count(&client).await >= 5 }).await;
    let context = jetstream::new(client.clone());
    let mut stream = context.get_stream("loans").await.expect("a stream");
    let before = stream.info().await.expect("an answer").state.clone();
    assert!(before.messages < 50 && before.first_sequence == 1, "{before:?}");
    let mut config = stream.cached_info().config.clone();
    config.max_bytes = -1;
    context.update_stream(config).await.expect("there is room");
    until("all are published", || async { count(&client).await >= 50 }).await;
    running.abort();
    let all = published(&client).await;
    assert!(all.values().all(|cents| *cents == (101..=110).collect::<Vec<_>>()), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_stream_stops_the_publisher_and_a_message_that_is_too_large_parks_its_stream() {
    let server = NatsServer::start().await.expect("a server");
    let (client, loans) = (client(&server.url()).await, Loans::default());
    loans.approve("a", 1, LARGE).await;
    loans.approve("a", 2, 2).await;
    loans.approve("b", 1, 1).await;
    let missing = NatsSink::new(client.clone(), sink_options());
    let runner = PublisherRunner::new(loans.store.clone(), LoanFeed, missing).on_failure(OnFailure::Park);
    // The client itself refuses the first message: the second one finds that the stream is missing.
    let error = runner.catch_up().await.expect_err("it stops");
    assert!(matches!(error, ProjectorError::NotReady { .. }), "{error}");
    assert!(error.to_string().contains("there is no stream `loans`"), "{error}");
    NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    runner.catch_up().await.expect("it publishes");
    let letters = runner.dead_letters().await.expect("letters");
    assert_eq!(letters.len(), 2);
    assert!(letters[0].reason.contains("refused"), "{}", letters[0].reason);
    assert_eq!(published(&client).await.into_keys().collect::<Vec<_>>(), ["b"]);
}

/// The client would send it once it is connected again, perhaps after a newer one.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_a_server_that_is_away_is_not_kept_to_be_sent_later() {
    let mut server = NatsServer::start().await.expect("a server");
    let client = client(&server.url()).await;
    let sink = NatsSink::create(client.clone(), sink_options()).await.expect("a stream");
    server.kill().await.expect("it is killed");
    until("the client notices", || async { client.connection_state() != State::Connected }).await;
    let [lost, next] = ["lost", "next"].map(|key| {
        let stream = StreamId::new("loan", key).expect("a stream id");
        Message::new(Uuid::now_v7(), stream, "loan.approved", 1, b"{}".to_vec())
    });
    // Its confirmation fails, or sending it does.
    match sink.send(&lost).await {
        Ok(confirmation) => drop(confirmation.await.expect_err("it is away")),
        Err(error) => assert!(matches!(error, SinkError::Unavailable { .. }), "{error}"),
    }
    server.restart().await.expect("it starts again");
    let sent = || async {
        match sink.send(&next).await {
            Ok(confirmation) => confirmation.await.is_ok(),
            Err(_) => false,
        }
    };
    until("the next one is sent", sent).await;
    let stored: Vec<_> = messages(&client).await.into_iter().map(|message| message.id).collect();
    assert_eq!(stored, [next.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_does_not_go_into_another_stream_with_the_same_subjects() {
    let server = NatsServer::start().await.expect("a server");
    let (client, loans) = (client(&server.url()).await, Loans::default());
    let context = jetstream::new(client.clone());
    let others = jetstream::stream::Config {
        name: "others".into(),
        subjects: vec!["es.>".into()],
        ..Default::default()
    };
    context.create_stream(others).await.expect("a stream");
    loans.approve("a", 1, 101).await;
    let sink = NatsSink::new(client.clone(), sink_options());
    let runner = PublisherRunner::new(loans.store.clone(), LoanFeed, sink);
    let error = runner.catch_up().await.expect_err("it stops");
    assert!(matches!(error, ProjectorError::NotReady { .. }), "{error}");
    let others = context.get_stream("others").await.expect("a stream");
    assert_eq!(others.cached_info().state.messages, 0);
}

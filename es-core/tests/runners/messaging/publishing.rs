//! Publishers: messages, their order, and failures of the broker.

use std::time::Duration;

use es_core::messaging::{Encoding, MemoryBroker, PublisherRunner, TRACEPARENT, read};
use es_core::projection::{OnFailure, ProjectorError, RunnerErrorKind, Start};
use es_core::record::NewEvent;
use es_core::store::Append;
use es_core::uuid::Uuid;
use es_core::{EventStore, MemoryStore, Metadata, Revision};

use crate::messaging::service::{LoanFeed, append, approve, loan};
use crate::messaging::sinks::{Broker, away, no_stream, refused};

#[tokio::test]
async fn a_message_has_the_public_event_and_the_stream_and_metadata_of_the_private_one() {
    let (store, broker) = (MemoryStore::new(), MemoryBroker::new());
    let id = approve(&store, "a", 1).await;
    append(&store, "a", 2, "loan.noted", "{}").await;
    PublisherRunner::new(store, LoanFeed, broker.clone()).catch_up().await.expect("it catches up");
    let messages = broker.messages();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((message.id, &message.stream, message.revision), (id, &loan("a"), Revision::new(1)));
    assert_eq!((&*message.name, message.version), ("loan-approved", 2));
    assert_eq!(message.payload, br#"{"euros":1,"currency":"EUR"}"#);
    assert_eq!(message.correlation_id, Some(Uuid::from_u128(7)));
    assert_eq!(message.causation_id, Some(Uuid::from_u128(8)));
    assert!(
        message.traceparent.as_deref().is_some_and(|trace| trace.starts_with("00-0af7")),
        "{TRACEPARENT}"
    );
}

#[tokio::test]
async fn a_message_round_trips_through_headers_and_through_a_cloud_event() {
    let (store, broker) = (MemoryStore::new(), MemoryBroker::new());
    approve(&store, "schlüssel mit 100 %", 1).await;
    PublisherRunner::new(store, LoanFeed, broker.clone()).catch_up().await.expect("it catches up");
    let message = broker.messages().remove(0);
    for encoding in [Encoding::Headers, Encoding::CloudEvents { source: String::from("/loans") }] {
        let encoded = message.encode(&encoding);
        assert!(encoded.headers.iter().all(|(_, value)| value.bytes().all(|byte| byte.is_ascii_graphic())));
        let header = |name: &str| encoded.headers.iter().find(|known| known.0 == name).map(|known| &*known.1);
        assert_eq!(read(header, &encoded.body).expect("a message"), message, "{encoding:?}");
        let none = |_: &str| None;
        assert!(read(none, &encoded.body).expect_err("no headers").to_string().contains("es-time"));
    }
    let encoded = message.encode(&Encoding::Headers);
    let secret = |name: &str| {
        let header = encoded.headers.iter().find(|known| known.0 == name);
        header.map(|known| if name == "es-stream" { "secret" } else { &*known.1 })
    };
    let error = read(secret, &encoded.body).expect_err("not a stream").to_string();
    assert_eq!(error, "the header `es-stream` is not CATEGORY/KEY");
    let cloud_event = message.encode(&Encoding::CloudEvents { source: String::from("/loans") });
    let json: serde_json::Value = serde_json::from_slice(&cloud_event.body).expect("JSON");
    assert_eq!((&json["specversion"], &json["type"]), (&"1.0".into(), &"loan-approved".into()));
    assert_eq!((&json["source"], &json["data"]["euros"]), (&"/loans".into(), &1.into()));
}

#[tokio::test]
async fn one_message_per_stream_is_in_flight_and_other_streams_do_not_wait() {
    let (store, broker) = (MemoryStore::new(), Broker::holding());
    for (key, revision) in [("a", 1), ("b", 1), ("a", 2), ("c", 1)] {
        approve(&store, key, revision).await;
    }
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone());
    let running = tokio::spawn(async move { runner.catch_up().await });
    broker.wait_for(2).await;
    tokio::task::yield_now().await;
    assert_eq!(broker.log(), [("a".into(), 1), ("b".into(), 1)]);
    broker.confirm("a", 1);
    broker.wait_for(2).await;
    assert_eq!(broker.log()[2..], [("a".into(), 2), ("c".into(), 1)]);
    broker.release();
    running.await.expect("no panic").expect("it catches up");
}

#[tokio::test]
async fn no_more_messages_are_in_flight_than_the_window_allows() {
    let (store, broker) = (MemoryStore::new(), Broker::holding());
    for key in ["a", "b", "c", "d"] {
        approve(&store, key, 1).await;
    }
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone()).window(3);
    let running = tokio::spawn(async move { runner.catch_up().await });
    broker.wait_for(3).await;
    tokio::task::yield_now().await;
    assert_eq!(broker.log().len(), 3);
    broker.confirm("a", 1);
    broker.wait_for(1).await;
    broker.release();
    running.await.expect("no panic").expect("it catches up");
}

#[tokio::test(start_paused = true)]
async fn a_publisher_waits_for_an_unavailable_broker_and_no_message_overtakes_or_repeats() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    for revision in 1..=3 {
        approve(&store, "a", revision).await;
        approve(&store, "b", revision).await;
    }
    broker.fail("a", 2, &[away, away, away]);
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone()).on_failure(OnFailure::Park);
    runner.catch_up().await.expect("it waits");
    // What was confirmed in the window with the failure is not sent again.
    assert_eq!((broker.of("a"), broker.of("b")), (vec![1, 2, 3], vec![1, 2, 3]));
    assert!(runner.dead_letters().await.expect("letters").is_empty());
}

/// Also those that were confirmed before an earlier message was.
#[tokio::test(start_paused = true)]
async fn going_back_sends_every_message_again() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    for key in ["a", "b"] {
        approve(&store, key, 1).await;
    }
    broker.fail("a", 1, &[away]);
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone());
    let mut reactor = None;
    let runner = runner.reactor(|of| {
        reactor = Some(of.clone());
        of
    });
    runner.catch_up().await.expect("it waits");
    let reactor = reactor.expect("it was called");
    reactor.rewind_to(Start::Beginning).await.expect("it goes back");
    runner.catch_up().await.expect("it publishes");
    assert_eq!((broker.of("a"), broker.of("b")), (vec![1, 1], vec![1, 1]));
}

#[tokio::test(start_paused = true)]
async fn of_several_messages_that_fail_none_is_passed_over() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    for key in ["a", "b", "c"] {
        approve(&store, key, 1).await;
        broker.fail(key, 1, &[away]);
    }
    PublisherRunner::new(store, LoanFeed, broker.clone()).catch_up().await.expect("it waits");
    assert_eq!((broker.of("a"), broker.of("b"), broker.of("c")), (vec![1], vec![1], vec![1]));
}

#[tokio::test]
async fn a_retry_while_the_broker_is_away_leaves_the_letter_as_it_is() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    approve(&store, "a", 1).await;
    broker.fail("a", 1, &[refused, away]);
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone()).on_failure(OnFailure::Park);
    runner.catch_up().await.expect("it is parked");
    let before = runner.dead_letters().await.expect("letters");
    let error = runner.retry(&loan("a")).await.expect_err("it is away");
    assert!(error.is_retryable(), "{error}");
    assert_eq!(runner.dead_letters().await.expect("letters"), before);
    assert_eq!(runner.retry(&loan("a")).await.expect("an answer").taken, 1);
}

#[tokio::test]
async fn an_event_of_a_newer_program_stops_the_publisher_even_if_it_parks() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    let events = [NewEvent::new("loan.approved", 2, b"{}".to_vec(), Metadata::new().into())];
    let _ = store.append(Append::new(&loan("a"), Revision::EMPTY, &events)).await.expect("an append");
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone()).on_failure(OnFailure::Park);
    let error = runner.catch_up().await.expect_err("it stops");
    assert_eq!(error.kind(), RunnerErrorKind::Newer, "{error}");
    assert!(runner.dead_letters().await.expect("letters").is_empty());
}

#[tokio::test]
async fn a_refused_message_parks_only_its_own_stream() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    for revision in 1..=3 {
        approve(&store, "a", revision).await;
        approve(&store, "b", revision).await;
    }
    broker.fail("a", 2, &[refused, refused]);
    let runner = PublisherRunner::new(store.clone(), LoanFeed, broker.clone()).on_failure(OnFailure::Park);
    runner.catch_up().await.expect("it continues without the stream");
    assert_eq!((broker.of("a"), broker.of("b")), (vec![1], vec![1, 2, 3]));
    let letters = runner.dead_letters().await.expect("letters");
    let letters: Vec<_> = letters.iter().map(|letter| (letter.revision.get(), &*letter.reason)).collect();
    assert_eq!(letters[0], (2, "the message was refused: too large"));
    assert_eq!(letters[1].0, 3);
    let retried = runner.retry(&loan("a")).await.expect("an answer");
    assert_eq!((retried.taken, retried.left), (0, 2));
    let retried = runner.retry(&loan("a")).await.expect("an answer");
    assert_eq!((retried.taken, retried.left), (2, 0));
    approve(&store, "a", 4).await;
    runner.catch_up().await.expect("it continues");
    assert_eq!(broker.of("a"), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_mapping_that_panics_stops_the_publisher_at_its_event() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    approve(&store, "a", 1).await;
    append(&store, "a", 2, "loan.approved", "{\"cents\":13}").await;
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone());
    let error = runner.catch_up().await.expect_err("it stops").to_string();
    assert!(error.contains("the mapping panics"), "{error}");
    assert_eq!((broker.of("a"), runner.status().await.expect("a status").position().get()), (vec![1], 1));
}

#[tokio::test]
async fn a_broker_that_is_not_set_up_parks_nothing() {
    let (store, broker) = (MemoryStore::new(), Broker::new());
    approve(&store, "a", 1).await;
    broker.fail("a", 1, &[no_stream]);
    let runner = PublisherRunner::new(store, LoanFeed, broker.clone()).on_failure(OnFailure::Park);
    let error = runner.catch_up().await.expect_err("it stops");
    assert!(matches!(error, ProjectorError::NotReady { .. }), "{error}");
    runner.catch_up().await.expect("it continues");
    assert_eq!(broker.of("a"), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_with_messages_in_flight_loses_nothing() {
    let (store, broker) = (MemoryStore::new(), Broker::holding());
    for revision in 1..=3 {
        approve(&store, "a", revision).await;
    }
    let runner = PublisherRunner::new(store.clone(), LoanFeed, broker.clone());
    let running = tokio::spawn({
        let runner = runner.clone();
        async move { runner.run().await }
    });
    broker.wait_for(1).await;
    running.abort();
    assert!(running.await.expect_err("it was dropped").is_cancelled());
    broker.release();
    // A runner that was dropped has not given its lease back.
    let next = PublisherRunner::new(store, LoanFeed, broker.clone());
    tokio::time::timeout(Duration::from_secs(120), next.catch_up())
        .await
        .expect("in time")
        .expect("it continues");
    assert_eq!(broker.of("a"), [1, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_checkpoint_moves_after_half_a_second_however_slow_the_broker_is() {
    let (store, broker) = (MemoryStore::new(), Broker::holding());
    for revision in 1..=4 {
        approve(&store, "a", revision).await;
    }
    let runner = PublisherRunner::new(store.clone(), LoanFeed, broker.clone());
    let running = tokio::spawn(async move { runner.run().await });
    for revision in 1..=3 {
        broker.wait_for(1).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        broker.confirm("a", revision);
    }
    broker.wait_for(1).await;
    running.abort();
    assert!(running.await.expect_err("it was dropped").is_cancelled());
    broker.release();
    let next = PublisherRunner::new(store, LoanFeed, broker.clone());
    tokio::time::timeout(Duration::from_secs(120), next.catch_up())
        .await
        .expect("in time")
        .expect("it continues");
    assert_eq!(broker.of("a"), [1, 2, 3, 4, 4]);
}

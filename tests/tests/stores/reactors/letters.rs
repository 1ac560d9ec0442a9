//! Failures: retried, parked, retried in order; and panics.

use std::time::Duration;

use es_core::StreamId;
use es_core::projection::{OnFailure, ProjectorError};
use es_core::reactor::Start;

use crate::reactors::support::{Mail, Store, on_every_store, open, runner};

on_every_store!(
    only_a_poisoned_stream_waits_and_it_is_retried_in_order,
    a_failure_stops_before_its_event,
    a_panic_is_a_failure_like_any_other,
    a_discarded_letter_is_skipped,
);

async fn three_each<S: Store>(store: &S) {
    for revision in 1..=3 {
        open(store, "a", revision).await;
        open(store, "b", revision).await;
    }
}

async fn only_a_poisoned_stream_waits_and_it_is_retried_in_order<S: Store>(store: S) {
    three_each(&store).await;
    let mail = Mail::default().failing("a", 2, 4);
    let runner = runner(&store, &mail).on_failure(OnFailure::Park).retries(2, Duration::from_millis(1));
    runner.catch_up().await.expect("it continues without the stream");
    assert_eq!((mail.of("a"), mail.of("b")), (vec![1], vec![1, 2, 3]));
    let letters = runner.dead_letters().await.expect("letters");
    let letters: Vec<_> = letters.iter().map(|letter| (letter.revision.get(), letter.attempts)).collect();
    assert_eq!(letters, [(2, 3), (3, 0)]);
    open(&store, "a", 4).await;
    runner.catch_up().await.expect("the next one waits as well");
    let error = runner.rewind_to(Start::Beginning).await.expect_err("there are letters");
    assert!(matches!(error, ProjectorError::Letters { letters: 3, .. }), "{error}");
    let stream = StreamId::new("door", "a").expect("a stream id");
    let retried = runner.retry(&stream).await.expect("it fails once more");
    assert_eq!((retried.taken, retried.left), (0, 3));
    let retried = runner.retry(&stream).await.expect("it succeeds");
    assert_eq!((retried.taken, retried.left), (3, 0));
    open(&store, "a", 5).await;
    runner.catch_up().await.expect("it continues");
    assert_eq!((mail.of("a"), mail.of("b")), (vec![1, 2, 3, 4, 5], vec![1, 2, 3]));
}

async fn a_failure_stops_before_its_event<S: Store>(store: S) {
    three_each(&store).await;
    let mail = Mail::default().failing("a", 2, 1);
    let runner = runner(&store, &mail);
    let error = runner.catch_up().await.expect_err("it fails");
    assert!(error.to_string().contains("the mail server says no"), "{error}");
    let status = runner.status().await.expect("a status");
    assert!(status.error().is_some_and(|error| error.contains("the mail server says no")), "{status:?}");
    runner.catch_up().await.expect("it continues");
    assert_eq!((mail.of("a"), mail.of("b")), (vec![1, 2, 3], vec![1, 2, 3]));
}

async fn a_panic_is_a_failure_like_any_other<S: Store>(store: S) {
    open(&store, "a", 1).await;
    open(&store, "panic", 1).await;
    open(&store, "a", 2).await;
    let mail = Mail::default();
    let error = runner(&store, &mail).catch_up().await.expect_err("it panics");
    assert!(error.to_string().contains("it panicked"), "{error}");
    let parking = runner(&store, &mail).on_failure(OnFailure::Park);
    parking.catch_up().await.expect("it continues");
    assert_eq!(parking.dead_letters().await.expect("letters").len(), 1);
    assert_eq!(mail.of("a").last(), Some(&2));
}

async fn a_discarded_letter_is_skipped<S: Store>(store: S) {
    three_each(&store).await;
    let mail = Mail::default().failing("a", 1, u32::MAX);
    let runner = runner(&store, &mail).on_failure(OnFailure::Park);
    runner.catch_up().await.expect("it continues");
    let letters = runner.dead_letters().await.expect("letters");
    assert!(runner.discard(&letters[0]).await.expect("discarded"));
    let stream = StreamId::new("door", "a").expect("a stream id");
    let retried = runner.retry(&stream).await.expect("the others");
    assert_eq!((retried.taken, retried.left), (2, 0));
    assert_eq!(mail.of("a"), [2, 3]);
}

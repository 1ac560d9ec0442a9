//! Events that fail, and dead letters.

use super::TargetHarness;
use super::tally::{append, expected, mended, rows, runner};
use crate::projection::{OnFailure, ProjectorError};
use crate::stream::StreamId;

fn stream(key: &str) -> StreamId {
    StreamId::new("tally", key).expect("a stream id")
}

/// The events before it are in the model, the event itself has left nothing, and the status contains the
/// reason.
pub async fn a_failure_stops_right_before_its_event<H: TargetHarness>(harness: &H) {
    append(harness, "abaBa").await;
    for _ in 0..2 {
        let tally = runner::<H, 1>(harness);
        let error = tally.catch_up().await.expect_err("poison");
        let ProjectorError::Failed(failure) = &error else { panic!("{error}") };
        assert_eq!((&failure.place.stream, failure.place.revision.get()), (&stream("b"), 2));
        assert_eq!(rows(harness, 1).await, expected("aba"));
        let status = tally.status().await.expect("a status");
        assert!(status.error().is_some_and(|error| error.contains("poison")), "{status:?}");
        assert!(status.position() < failure.place.position, "{status:?}");
    }
    mended(harness).catch_up().await.expect("all events");
    assert_eq!(rows(harness, 1).await, expected("abaBa"));
    let status = runner::<H, 1>(harness).status().await.expect("a status");
    assert_eq!(status.error(), None);
}

/// Later events of its stream wait; other streams continue.
pub async fn a_parked_event_holds_back_its_stream_alone<H: TargetHarness>(harness: &H) {
    append(harness, "abBab").await;
    let tally = runner::<H, 1>(harness).on_failure(OnFailure::Park);
    tally.catch_up().await.expect("all events, or letters of them");
    append(harness, "ba").await;
    tally.catch_up().await.expect("all events, or letters of them");
    assert_eq!(rows(harness, 1).await, expected("abaa"));
    let letters = tally.dead_letters().await.expect("letters");
    let found: Vec<_> =
        letters.iter().map(|l| (l.stream.key(), l.revision.get(), l.attempts, &*l.event)).collect();
    let name = "tally.counted";
    assert_eq!(found, [("b", 2, 1, name), ("b", 3, 0, name), ("b", 4, 0, name)]);
    assert_eq!(letters[0].reason, "poison");
    let after = tally.dead_letters_after(letters[0].position, 1).await.expect("letters");
    assert_eq!(after, letters[1..2]);
    assert_eq!(tally.status().await.expect("a status").dead_letters, 3);
}

/// All of them are projected, and later events of the stream continue normally.
pub async fn letters_are_tried_again_in_their_order<H: TargetHarness>(harness: &H) {
    append(harness, "aBbab").await;
    runner::<H, 1>(harness).on_failure(OnFailure::Park).catch_up().await.expect("events or letters");
    let retried = mended(harness).retry(&stream("b")).await.expect("tried again");
    assert_eq!((retried.taken, retried.left), (3, 0));
    append(harness, "b").await;
    let tally = runner::<H, 1>(harness);
    tally.catch_up().await.expect("all events");
    assert_eq!(rows(harness, 1).await, expected("aBbabb"));
    assert_eq!(tally.dead_letters().await.expect("letters"), []);
}

/// It is undone, reason and attempts are those of the last attempt, and later letters of the stream stay.
pub async fn a_letter_that_fails_again_stays<H: TargetHarness>(harness: &H) {
    append(harness, "aBb").await;
    let tally = runner::<H, 1>(harness).on_failure(OnFailure::Park);
    tally.catch_up().await.expect("events or letters");
    let retried = tally.retry(&stream("b")).await.expect("tried again");
    assert_eq!((retried.taken, retried.left), (0, 2));
    assert_eq!(rows(harness, 1).await, expected("a"));
    let letters = tally.dead_letters().await.expect("letters");
    assert_eq!(letters.iter().map(|letter| letter.attempts).collect::<Vec<_>>(), [2, 0]);
}

/// Its event is skipped, and the later ones can be retried.
pub async fn a_discarded_letter_is_left_out<H: TargetHarness>(harness: &H) {
    append(harness, "aBb").await;
    let tally = runner::<H, 1>(harness).on_failure(OnFailure::Park);
    tally.catch_up().await.expect("events or letters");
    let letters = tally.dead_letters().await.expect("letters");
    assert!(tally.discard(&letters[0]).await.expect("discarded"));
    assert!(!tally.discard(&letters[0]).await.expect("gone already"));
    let retried = tally.retry(&stream("b")).await.expect("tried again");
    assert_eq!((retried.taken, retried.left), (1, 0));
    assert_eq!(rows(harness, 1).await, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
}

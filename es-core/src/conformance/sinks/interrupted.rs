//! Cases on a broker that is unavailable for a while.

use super::mail::{assert_all, deliver_with_retries, delivered, in_time, message, of_each, revisions, send};
use super::{Interrupt, SinkHarness};
use crate::messaging::{Message, SinkError};

/// The number of messages that are sent during the interruption.
const LOST: usize = 16;

/// A confirmation is final: an interruption loses no confirmed message.
pub async fn what_was_confirmed_before_an_interruption_stays<H: Interrupt>(harness: &H) {
    let sink = harness.sink().await;
    let before = of_each(8);
    for message in &before {
        delivered::<H>(&sink, message).await;
    }
    harness.interrupt().await;
    let failed = window::<H>(&sink, &[message("late", 1)]).await;
    assert!(failed[0].is_err(), "confirmed by a broker that is not available");
    harness.restore().await;
    deliver_with_retries::<H>(&sink, &message("late", 2)).await;
    let stored = harness.stored().await;
    let stored: Vec<_> = stored.into_iter().filter(|message| message.stream.key() != "late").collect();
    assert_all(&stored, &before);
}

/// During an interruption no message is confirmed, and each fails with a retryable error. Once the broker is
/// available again, sending it succeeds.
pub async fn what_is_sent_during_an_interruption_fails_for_now<H: Interrupt>(harness: &H) {
    let sink = harness.sink().await;
    delivered::<H>(&sink, &message("before", 1)).await;
    harness.interrupt().await;
    let sent = of_each(4);
    for (outcome, message) in window::<H>(&sink, &sent).await.iter().zip(&sent) {
        match outcome {
            Ok(()) => panic!("{message:?} is confirmed by a broker that is not available"),
            Err(error) => assert!(error.is_retryable(), "the broker can come back: {error}"),
        }
    }
    harness.restore().await;
    for message in &sent {
        deliver_with_retries::<H>(&sink, message).await;
    }
    let stored = harness.stored().await;
    assert!(sent.iter().all(|message| stored.contains(message)), "{stored:?}");
}

/// The limit for a confirmation counts from `send`: those of a window expire together, not one after another.
pub async fn a_confirmation_resolves_in_time_even_if_nobody_polls_it<H: Interrupt>(harness: &H) {
    let sink = harness.sink().await;
    delivered::<H>(&sink, &message("before", 1)).await;
    harness.interrupt().await;
    let sent = of_each(LOST);
    let all = in_time::<H, _>("all confirmations of a window", window::<H>(&sink, &sent)).await;
    assert!(all.iter().all(Result::is_err), "confirmed by a broker that is not available");
}

/// The order of each stream survives an interruption if the caller sends a failed message again before the
/// next one of its stream, as publishers do.
pub async fn what_was_interrupted_is_sent_again_in_order<H: Interrupt>(harness: &H) {
    const KEYS: [&str; 3] = ["a", "b", "c"];
    let sink = harness.sink().await;
    for revision in 1..=6 {
        let sent = KEYS.map(|key| message(key, revision));
        if revision == 3 {
            harness.interrupt().await;
        }
        let outcomes = window::<H>(&sink, &sent).await;
        if revision == 3 {
            harness.restore().await;
        }
        for (message, _) in sent.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_err()) {
            deliver_with_retries::<H>(&sink, message).await;
        }
    }
    let stored = harness.stored().await;
    for key in KEYS {
        assert_eq!(revisions::<H>(&stored, key), [1, 2, 3, 4, 5, 6]);
    }
}

/// Sends all messages, then waits for their confirmations one by one.
async fn window<H: SinkHarness>(sink: &H::Sink, messages: &[Message]) -> Vec<Result<(), SinkError>> {
    let mut sent = Vec::new();
    for message in messages {
        sent.push(send::<H>(sink, message).await);
    }
    let mut outcomes = Vec::new();
    for confirmation in sent {
        outcomes.push(match confirmation {
            Ok(confirmation) => in_time::<H, _>("a confirmation", confirmation).await,
            Err(error) => Err(error),
        });
    }
    outcomes
}

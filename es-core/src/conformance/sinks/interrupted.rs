//! A broker that is not available for a while.

use super::mail::{assert_all, deliver_at_last, delivered, in_time, message, of_each, revisions, send};
use super::{Harness, Interrupt};
use crate::messaging::{Message, SinkError};

/// How many messages are sent in vain.
const LOST: usize = 16;

/// A confirmation is final.
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
    deliver_at_last::<H>(&sink, &message("late", 2)).await;
    let stored = harness.stored().await;
    let stored: Vec<_> = stored.into_iter().filter(|message| message.stream.key() != "late").collect();
    assert_all(&stored, &before);
}

/// Nothing is confirmed, and each message is worth another attempt, when the broker is available again.
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
        deliver_at_last::<H>(&sink, message).await;
    }
    let stored = harness.stored().await;
    assert!(sent.iter().all(|message| stored.contains(message)), "{stored:?}");
}

/// The time counts from `send`: the confirmations of a window expire together, not one after the other.
pub async fn a_confirmation_resolves_in_time_even_if_nobody_polls_it<H: Interrupt>(harness: &H) {
    let sink = harness.sink().await;
    delivered::<H>(&sink, &message("before", 1)).await;
    harness.interrupt().await;
    let sent = of_each(LOST);
    let all = in_time::<H, _>("all confirmations of a window", window::<H>(&sink, &sent)).await;
    assert!(all.iter().all(Result::is_err), "confirmed by a broker that is not available");
}

/// As a publisher does: what failed is sent again before the next message of its stream.
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
            deliver_at_last::<H>(&sink, message).await;
        }
    }
    let stored = harness.stored().await;
    for key in KEYS {
        assert_eq!(revisions::<H>(&stored, key), [1, 2, 3, 4, 5, 6]);
    }
}

/// Sends messages, and then waits for their confirmations, one after the other.
async fn window<H: Harness>(sink: &H::Sink, messages: &[Message]) -> Vec<Result<(), SinkError>> {
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

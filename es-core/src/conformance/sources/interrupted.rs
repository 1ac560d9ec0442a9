//! Cases on a broker that is unavailable for a while.

use std::time::Duration;

use tokio::time::timeout;

use super::InterruptSource;
use super::delivering::in_turn;
use super::receive::{acked, assert_rest, message_of, receive, settled, stored};
use crate::conformance::sinks::mail::message;
use crate::messaging::{Delivery, MessageSource};

/// How long a source tries to receive during an interruption.
const INTERRUPTED: Duration = Duration::from_millis(300);

/// Settling a message succeeds only if the broker has confirmed it.
pub async fn an_unconfirmed_acknowledgement_fails_for_now<H: InterruptSource>(harness: &H) {
    let source = harness.source().await;
    let sent = stored(harness, in_turn(1)).await;
    let held = receive::<H>(&source).await;
    harness.interrupt().await;
    for (number, delivery) in held.iter().enumerate() {
        let outcome = match number % 2 {
            0 => settled::<H>(delivery.ack()).await,
            _ => settled::<H>(delivery.term("unknown")).await,
        };
        let error = outcome.expect_err("confirmed by a broker that is not available");
        assert!(error.is_retryable(), "the broker can come back: {error}");
    }
    harness.restore().await;
    drop(held);
    // The broker may have received them.
    let last = stored(harness, [message("a", 2)]).await;
    let mut seen = Vec::new();
    while !seen.contains(&last[0]) {
        for delivery in receive::<H>(&source).await {
            seen.push(message_of(&delivery));
            acked::<H>(&delivery).await;
        }
    }
    let all: Vec<_> = sent.into_iter().chain(last).filter(|message| seen.contains(message)).collect();
    assert_eq!(seen, all);
}

/// The messages that were under way are redelivered, before those that were stored later.
pub async fn messages_lost_in_an_interruption_are_redelivered_in_order<H: InterruptSource>(harness: &H) {
    let source = harness.source().await;
    let before = stored(harness, in_turn(1)).await;
    assert_rest::<H>(&source, &before).await;
    harness.interrupt().await;
    let mut sent = stored(harness, in_turn(4)).await;
    match timeout(INTERRUPTED, source.receive()).await {
        Err(_) => {}
        Ok(Ok(_)) => panic!("received from a broker that is not available"),
        Ok(Err(error)) => assert!(error.is_retryable(), "the broker can come back: {error}"),
    }
    harness.restore().await;
    sent.extend(stored(harness, [message("a", 5)]).await);
    assert_rest::<H>(&source, &sent).await;
}

//! Cases on a broker that redelivers messages by itself.

use std::pin::pin;

use tokio::time::{Instant, sleep};

use super::Expire;
use super::delivering::in_turn;
use super::receive::{acked, assert_rest, in_time, message_of, receive, received, settled, stored};
use crate::conformance::sinks::mail::message;
use crate::messaging::Delivery;

/// A program that hangs does not keep its messages forever.
pub async fn what_is_not_settled_in_time_is_redelivered<H: Expire>(harness: &H) {
    let sent = stored(harness, in_turn(2)).await;
    let (source, other) = (harness.source().await, harness.source().await);
    let held = receive::<H>(&source).await;
    assert_rest::<H>(&other, &sent).await;
    drop(held);
}

/// A program that reports progress keeps its message for longer than the broker would wait.
pub async fn what_is_in_progress_is_not_redelivered<H: Expire>(harness: &H) {
    stored(harness, [message("a", 1)]).await;
    let (source, other) = (harness.source().await, harness.source().await);
    let held = receive::<H>(&source).await;
    let after = held[0].comes_again_after().expect("the broker redelivers messages by itself");
    let mut receiving = pin!(received::<H>(&other));
    let until = Instant::now() + after * 2;
    while Instant::now() < until {
        settled::<H>(held[0].progress()).await.expect("the broker is available");
        tokio::select! {
            _ = &mut receiving => panic!("a message in progress is redelivered"),
            () = sleep(after / 4) => {}
        }
    }
    acked::<H>(&held[0]).await;
    let next = stored(harness, [message("a", 2)]).await;
    let deliveries = in_time::<H, _>("messages are received", receiving).await;
    assert_eq!(deliveries.iter().map(message_of).collect::<Vec<_>>(), next);
}

//! Cases on what is delivered, and in which order.

use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use super::receive::{acked, assert_rest, in_time, message_of, received, settled, stored};
use super::{Malformed, SourceHarness};
use crate::conformance::sinks::mail::{message, samples};
use crate::messaging::{Delivery, Message};

/// How long a source is watched that must not deliver anything.
const WATCHED: Duration = Duration::from_millis(100);

/// Messages of three streams that are stored in turn.
pub(super) fn in_turn(revisions: u64) -> impl Iterator<Item = Message> {
    (1..=revisions).flat_map(|revision| ["a", "b", "c"].map(|key| message(key, revision)))
}

/// Every field of a message is delivered, whatever it contains.
pub async fn messages_are_delivered_unchanged<H: SourceHarness>(harness: &H) {
    let sent = stored(harness, samples()).await;
    assert_rest::<H>(&harness.source().await, &sent).await;
}

/// Each message is delivered once, in the order of the broker.
pub async fn messages_are_delivered_in_the_order_in_which_they_were_stored<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    for _ in 0..2 {
        let sent = stored(harness, in_turn(8)).await;
        assert_rest::<H>(&source, &sent).await;
    }
}

/// While there is no message, a source waits for one.
pub async fn a_message_that_is_stored_later_is_waited_for<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    for revision in 1..=3 {
        let mut receiving = pin!(received::<H>(&source));
        let early = timeout(WATCHED, &mut receiving).await;
        assert!(early.is_err(), "received a message that was not stored");
        let sent = stored(harness, [message("a", revision)]).await;
        let deliveries = in_time::<H, _>("a message is received", receiving).await;
        assert_eq!(deliveries.iter().map(message_of).collect::<Vec<_>>(), sent);
        acked::<H>(&deliveries[0]).await;
    }
}

/// Dropping the future of `receive`, as a consumer does that is stopped, loses and reorders nothing.
pub async fn a_receive_that_is_dropped_loses_no_message<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    let sent = stored(harness, in_turn(10)).await;
    let mut seen = Vec::new();
    let receiving = async {
        let mut patience = Duration::ZERO;
        while seen.len() < sent.len() {
            match timeout(patience, received::<H>(&source)).await {
                Ok(deliveries) => {
                    for delivery in deliveries {
                        seen.push(message_of(&delivery));
                        acked::<H>(&delivery).await;
                    }
                }
                Err(_) => patience += Duration::from_millis(1),
            }
        }
    };
    in_time::<H, _>("all messages are received", receiving).await;
    assert_eq!(seen, sent);
}

/// What is not a message is delivered as such, in its place, and can be settled.
pub async fn a_malformed_message_affects_no_other<H: Malformed>(harness: &H) {
    let source = harness.source().await;
    stored(harness, [message("a", 1)]).await;
    harness.store_malformed().await;
    stored(harness, [message("a", 2)]).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        for delivery in in_time::<H, _>("messages are received", received::<H>(&source)).await {
            seen.push(delivery.message().ok().map(|message| message.revision.get()));
            match delivery.message() {
                Ok(_) => acked::<H>(&delivery).await,
                Err(error) => {
                    let reason = error.to_string();
                    settled::<H>(delivery.term(&reason)).await.expect("the broker is available");
                }
            }
        }
    }
    assert_eq!(seen, [Some(1), None, Some(2)]);
    let next = stored(harness, [message("a", 3)]).await;
    assert_rest::<H>(&source, &next).await;
}

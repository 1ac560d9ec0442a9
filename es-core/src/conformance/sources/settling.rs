//! Cases on messages that are settled, returned or held.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::SourceHarness;
use super::delivering::in_turn;
use super::receive::{acked, assert_rest, message_of, nacked, receive, settled, stored};
use crate::conformance::sinks::mail::message;
use crate::messaging::Delivery;

/// For how long a message is returned.
const PAUSE: Duration = Duration::from_millis(300);

/// By how much the clocks of a broker and of the suite may differ.
const TOLERANCE: Duration = Duration::from_millis(20);

/// No source delivers a message again that was acknowledged through any of them.
pub async fn an_acknowledged_message_is_not_redelivered<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    for revision in 1..=6 {
        let next = stored(harness, [message("a", revision)]).await;
        assert_rest::<H>(&source, &next).await;
    }
    drop(source);
    let next = stored(harness, [message("a", 7)]).await;
    assert_rest::<H>(&harness.source().await, &next).await;
}

/// Acknowledging a message settles none of those before it.
pub async fn a_message_is_acknowledged_alone<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    stored(harness, (1..=8).map(|revision| message("a", revision))).await;
    let (mut returned, mut settled) = (BTreeSet::new(), BTreeSet::new());
    while settled.len() < 8 {
        for delivery in receive::<H>(&source).await {
            let revision = message_of(&delivery).revision.get();
            assert!(!settled.contains(&revision), "revision {revision} is acknowledged, and redelivered");
            if revision % 2 == 1 && returned.insert(revision) {
                nacked::<H>(&delivery, Duration::ZERO).await;
            } else {
                acked::<H>(&delivery).await;
                settled.insert(revision);
            }
        }
    }
}

/// A returned message is redelivered at its place, before any message that was stored after it.
pub async fn a_returned_message_is_redelivered_before_later_ones<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    let mut sent = stored(harness, in_turn(3)).await;
    let first = receive::<H>(&source).await;
    for delivery in &first {
        assert_eq!(delivery.deliveries(), 1, "the first delivery");
        nacked::<H>(delivery, Duration::ZERO).await;
    }
    sent.extend(stored(harness, [message("a", 4)]).await);
    let mut seen = Vec::new();
    while seen.len() < sent.len() {
        for delivery in receive::<H>(&source).await {
            if let Some(first) = first.get(seen.len()) {
                assert_eq!(delivery.place(), first.place(), "the first one comes first");
                assert!(delivery.deliveries() > 1, "redelivered, and counted as the first delivery");
            }
            seen.push(message_of(&delivery));
            acked::<H>(&delivery).await;
        }
    }
    assert_eq!(seen, sent);
}

/// A message that is returned for a time is not redelivered before, and later ones wait for it.
pub async fn a_message_is_returned_for_a_time<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    let mut sent = stored(harness, [message("a", 1)]).await;
    let deliveries = receive::<H>(&source).await;
    sent.extend(stored(harness, [message("a", 2)]).await);
    let began = Instant::now();
    nacked::<H>(&deliveries[0], PAUSE).await;
    drop(deliveries);
    let mut seen = Vec::new();
    while seen.len() < sent.len() {
        for delivery in receive::<H>(&source).await {
            let after = began.elapsed();
            assert!(after + TOLERANCE >= PAUSE, "after {after:?}, not {PAUSE:?}");
            seen.push(message_of(&delivery));
            acked::<H>(&delivery).await;
        }
    }
    assert_eq!(seen, sent);
}

/// A terminated message is settled, whatever the reason contains.
pub async fn a_terminated_message_is_not_redelivered<H: SourceHarness>(harness: &H) {
    let source = harness.source().await;
    stored(harness, (1..=3).map(|revision| message("a", revision))).await;
    // Longer than any broker accepts, and its characters have three bytes.
    let reason = format!("line\r\nand another\0 {}", "€".repeat(1 << 20));
    let mut seen = Vec::new();
    while seen.len() < 3 {
        for delivery in receive::<H>(&source).await {
            let revision = message_of(&delivery).revision.get();
            seen.push(revision);
            match revision {
                2 => settled::<H>(delivery.term(&reason)).await.expect("the broker is available"),
                _ => acked::<H>(&delivery).await,
            }
        }
    }
    assert_eq!(seen, [1, 2, 3]);
    let next = stored(harness, [message("a", 4)]).await;
    assert_rest::<H>(&source, &next).await;
    drop(source);
    let next = stored(harness, [message("a", 5)]).await;
    assert_rest::<H>(&harness.source().await, &next).await;
}

/// What one program has settled is not delivered to the next one, and what it held is, in order.
pub async fn the_next_source_continues_where_the_last_one_ended<H: SourceHarness>(harness: &H) {
    const SETTLED: usize = 5;
    let sent = stored(harness, in_turn(4)).await;
    let source = harness.source().await;
    let mut settled = 0;
    'receiving: loop {
        for delivery in receive::<H>(&source).await {
            if settled == SETTLED {
                break 'receiving;
            }
            acked::<H>(&delivery).await;
            settled += 1;
        }
    }
    drop(source);
    assert_rest::<H>(&harness.source().await, &sent[SETTLED..]).await;
}

//! Cases on a broker that is available: confirmations, and what is stored.

use super::mail::{assert_all, deliver, delivered, in_time, message, of_each, revisions, samples, send};
use super::{Repeated, SinkHarness};

/// The number of messages that are sent before any of their confirmations is polled.
const WINDOW: usize = 64;

/// Once its confirmation has resolved, a message is stored, unchanged.
pub async fn a_confirmed_message_is_stored<H: SinkHarness>(harness: &H) {
    let sink = harness.sink().await;
    let mut sent = Vec::new();
    for message in of_each(12) {
        delivered::<H>(&sink, &message).await;
        sent.push(message);
        assert_all(&harness.stored().await, &sent);
    }
}

/// Every field of a message is stored, whatever it contains, and so is a message without optional fields.
pub async fn every_part_of_a_message_is_stored<H: SinkHarness>(harness: &H) {
    let sink = harness.sink().await;
    let sent = samples();
    for message in &sent {
        delivered::<H>(&sink, message).await;
    }
    assert_all(&harness.stored().await, &sent);
}

/// Messages of a stream, each sent after the confirmation of the previous one, are stored in that order.
pub async fn messages_of_a_stream_keep_their_order<H: SinkHarness>(harness: &H) {
    let sink = harness.sink().await;
    for revision in [1, 2, 5, 6, 7, 30] {
        for key in ["a", "b"] {
            delivered::<H>(&sink, &message(key, revision)).await;
        }
    }
    let stored = harness.stored().await;
    for key in ["a", "b"] {
        assert_eq!(revisions::<H>(&stored, key), [1, 2, 5, 6, 7, 30]);
    }
}

/// A message that is sent after a confirmation is stored later, whatever its stream and its sink.
pub async fn a_message_sent_after_a_confirmation_comes_after_it<H: SinkHarness>(harness: &H) {
    let sinks = [harness.sink().await, harness.sink().await];
    let sent = of_each(12);
    for (message, sink) in sent.iter().zip(sinks.iter().cycle()) {
        delivered::<H>(sink, message).await;
    }
    assert_eq!(harness.stored().await, sent);
}

/// A sink does not wait for one confirmation to be polled before it sends the next message.
pub async fn a_window_is_sent_before_any_of_it_is_confirmed<H: SinkHarness>(harness: &H) {
    let sink = harness.sink().await;
    let sent = of_each(WINDOW);
    let mut confirmations = Vec::new();
    for message in &sent {
        confirmations.push(send::<H>(&sink, message).await.expect("the broker is available"));
    }
    // In reverse order.
    while let Some(confirmation) = confirmations.pop() {
        in_time::<H, _>("a confirmation", confirmation).await.expect("the broker is available");
        let last = &sent[confirmations.len()];
        assert!(harness.stored().await.contains(last), "{last:?} is confirmed and not stored");
    }
    assert_all(&harness.stored().await, &sent);
}

/// Dropping a confirmation, as a publisher does that loses its lease, affects no other message. The message
/// itself may be stored.
pub async fn a_confirmation_that_is_dropped_disturbs_no_other<H: SinkHarness>(harness: &H) {
    let sink = harness.sink().await;
    for revision in 1..=4 {
        let dropped = send::<H>(&sink, &message("dropped", revision)).await;
        drop(dropped.expect("the broker is available"));
        delivered::<H>(&sink, &message("kept", revision)).await;
    }
    let stored = harness.stored().await;
    assert_eq!(revisions::<H>(&stored, "kept"), [1, 2, 3, 4]);
    assert!(revisions::<H>(&stored, "dropped").is_sorted());
}

/// Several programs can publish to one broker at the same time, each its own streams.
pub async fn sinks_beside_each_other_share_the_broker<H: SinkHarness>(harness: &H) {
    let one = |key: &'static str| async move {
        let sink = harness.sink().await;
        for revision in 1..=10 {
            delivered::<H>(&sink, &message(key, revision)).await;
        }
    };
    tokio::join!(one("a"), one("b"), one("c"));
    let stored = harness.stored().await;
    for key in ["a", "b", "c"] {
        assert!(revisions::<H>(&stored, key).into_iter().eq(1..=10), "{stored:?}");
    }
    assert_eq!(stored.len(), 30);
}

/// A message that is sent again, by the same program or by one that takes over, is confirmed, and keeps its
/// id.
pub async fn a_repeated_message_has_its_id<H: SinkHarness>(harness: &H) {
    let sinks = [harness.sink().await, harness.sink().await];
    let message = message("a", 1);
    for sink in [&sinks[0], &sinks[0], &sinks[1]] {
        deliver::<H>(sink, &message).await.expect("a message that is sent again is confirmed");
    }
    let stored = harness.stored().await;
    assert!(stored.iter().all(|stored| *stored == message), "{stored:?}");
    let times = match H::REPEATED {
        Repeated::Stored => 3,
        Repeated::Dropped => 1,
    };
    assert_eq!(stored.len(), times, "{stored:?}");
}

//! Cases with messages that the broker refuses.

use super::Refuse;
use super::mail::{assert_all, deliver, in_time, of_each, send, stream};
use crate::messaging::SinkError;

/// A refused message affects no other: those before and after it in the window are confirmed and stored.
pub async fn a_refused_message_is_refused_alone<H: Refuse>(harness: &H) {
    let sink = harness.sink().await;
    let mut window = of_each(8);
    let refused = harness.refused(&stream("refused"));
    window.insert(3, refused.clone());
    let mut sent = Vec::new();
    for message in &window {
        sent.push((message, send::<H>(&sink, message).await));
    }
    for (message, sent) in sent {
        let outcome = match sent {
            Ok(confirmation) => in_time::<H, _>("a confirmation", confirmation).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => assert_ne!(message.id, refused.id, "confirmed a message that the broker refuses"),
            Err(SinkError::Refused { .. }) => {
                assert_eq!(message.id, refused.id, "refused a message that the broker accepts");
            }
            Err(error) => panic!("{message:?}: {error}"),
        }
    }
    window.remove(3);
    assert_all(&harness.stored().await, &window);
}

/// A refused message is refused each time, with an error that is not retryable.
pub async fn a_refused_message_is_refused_again<H: Refuse>(harness: &H) {
    let refused = harness.refused(&stream("refused"));
    for sink in [harness.sink().await, harness.sink().await] {
        for _ in 0..2 {
            let error = deliver::<H>(&sink, &refused).await.expect_err("it cannot be stored");
            assert!(matches!(error, SinkError::Refused { .. }) && !error.is_retryable(), "{error}");
        }
    }
    assert!(harness.stored().await.is_empty(), "a refused message is stored");
}

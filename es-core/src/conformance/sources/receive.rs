//! Receiving and settling, with a limit.

use std::future::Future;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::SourceHarness;
use crate::messaging::{Delivery, Message, MessageSource, SourceError};

/// What a source delivers.
pub(super) type DeliveryOf<H> = <<H as SourceHarness>::Source as MessageSource>::Delivery;

pub(super) async fn in_time<H: SourceHarness, T>(what: &str, work: impl Future<Output = T>) -> T {
    let Ok(done) = timeout(H::TIMEOUT, work).await else { panic!("timed out: {what}") };
    done
}

/// Stores messages, and returns them.
pub(super) async fn stored<H: SourceHarness>(
    harness: &H,
    messages: impl IntoIterator<Item = Message>,
) -> Vec<Message> {
    let messages: Vec<_> = messages.into_iter().collect();
    for message in &messages {
        in_time::<H, _>("a message is stored", harness.store(message)).await;
    }
    messages
}

/// Receives messages, as a consumer does.
pub(super) async fn receive<H: SourceHarness>(source: &H::Source) -> Vec<DeliveryOf<H>> {
    in_time::<H, _>("messages are received", received::<H>(source)).await
}

/// Receives messages, in any time.
pub(super) async fn received<H: SourceHarness>(source: &H::Source) -> Vec<DeliveryOf<H>> {
    loop {
        match source.receive().await {
            Ok(deliveries) => {
                assert!(!deliveries.is_empty(), "nothing was received");
                let places: Vec<_> = deliveries.iter().map(Delivery::place).collect();
                assert!(places.is_sorted_by(|one, next| one < next), "out of order: {places:?}");
                return deliveries;
            }
            Err(error) => assert!(error.is_retryable(), "the broker is available: {error}"),
        }
        sleep(Duration::from_millis(10)).await;
    }
}

pub(super) fn message_of(delivery: &impl Delivery) -> Message {
    delivery.message().expect("it was stored as a message").clone()
}

/// Receives and acknowledges messages until these have been received, and asserts that no others are.
pub(super) async fn assert_rest<H: SourceHarness>(source: &H::Source, rest: &[Message]) {
    let mut received = Vec::new();
    while received.len() < rest.len() {
        for delivery in receive::<H>(source).await {
            received.push(message_of(&delivery));
            acked::<H>(&delivery).await;
        }
    }
    assert_eq!(received, rest);
}

/// Acknowledges a message to a broker that is available.
pub(super) async fn acked<H: SourceHarness>(delivery: &DeliveryOf<H>) {
    settled::<H>(delivery.ack()).await.expect("the broker is available");
}

/// Returns a message to a broker that is available, to be redelivered after a time.
pub(super) async fn nacked<H: SourceHarness>(delivery: &DeliveryOf<H>, after: Duration) {
    settled::<H>(delivery.nack(after)).await.expect("the broker is available");
}

pub(super) async fn settled<H: SourceHarness>(
    work: impl Future<Output = Result<(), SourceError>>,
) -> Result<(), SourceError> {
    in_time::<H, _>("a message is settled", work).await
}

//! The messages that the suite sends, and functions that send and compare them.

use std::future::Future;

use time::OffsetDateTime;
use tokio::time::timeout;
use uuid::Uuid;

use super::{Repeated, SinkHarness};
use crate::messaging::{Message, MessageSink, SinkError};
use crate::stream::{Revision, StreamId};

pub(in crate::conformance) fn stream(key: &str) -> StreamId {
    StreamId::new("parcel", key).expect("a stream id")
}

pub(in crate::conformance) fn message(key: &str, revision: u64) -> Message {
    let payload = format!("{{\"revision\":{revision}}}").into_bytes();
    Message::new(Uuid::now_v7(), stream(key), "parcel.sent", 1, payload).revision(Revision::new(revision))
}

/// A message with every field and unusual text, one without optional fields, and a long one.
pub(in crate::conformance) fn samples() -> [Message; 3] {
    let time = OffsetDateTime::from_unix_timestamp_nanos(1_234_567_890_123_456_000).expect("a time");
    let full = Message::new(
        Uuid::now_v7(),
        stream("schlüssel > 100 % *\"/"),
        "parcel sent.ä",
        7,
        br#"{"text":"\n\u0000","number":1.50}"#.to_vec(),
    )
    .revision(Revision::new(u64::from(u32::MAX) + 1))
    .occurred_at(time)
    .correlation_id(Uuid::now_v7())
    .causation_id(Uuid::now_v7())
    .traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let bare = Message::new(Uuid::now_v7(), stream("b"), "parcel.sent", 1, b"null".to_vec());
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(60_000)).into_bytes();
    let long = Message::new(Uuid::now_v7(), stream("long"), "parcel.sent", 1, long);
    [full, bare, long]
}

/// One message for each of this number of streams.
pub(super) fn of_each(streams: usize) -> Vec<Message> {
    (0..streams).map(|number| message(&format!("p-{number}"), 1)).collect()
}

pub(super) async fn in_time<H: SinkHarness, T>(what: &str, work: impl Future<Output = T>) -> T {
    let Ok(done) = timeout(H::TIMEOUT, work).await else { panic!("timed out: {what}") };
    done
}

/// Sends a message.
pub(super) async fn send<H: SinkHarness>(
    sink: &H::Sink,
    message: &Message,
) -> Result<<H::Sink as MessageSink>::Confirmation, SinkError> {
    in_time::<H, _>("a message is sent", sink.send(message)).await
}

/// Sends a message, and waits for its confirmation.
pub(super) async fn deliver<H: SinkHarness>(sink: &H::Sink, message: &Message) -> Result<(), SinkError> {
    let confirmation = send::<H>(sink, message).await?;
    in_time::<H, _>("a confirmation", confirmation).await
}

/// Sends a message to a broker that is available.
pub(super) async fn delivered<H: SinkHarness>(sink: &H::Sink, message: &Message) {
    deliver::<H>(sink, message).await.expect("the broker is available");
}

/// Sends a message until it is confirmed.
pub(super) async fn deliver_with_retries<H: SinkHarness>(sink: &H::Sink, message: &Message) {
    let again = async {
        while let Err(error) = deliver::<H>(sink, message).await {
            assert!(error.is_retryable(), "the broker is available again: {error}");
            tokio::task::yield_now().await;
        }
    };
    in_time::<H, _>("the broker is available again", again).await;
}

/// Asserts that each message is stored once and unchanged, and nothing else is.
pub(super) fn assert_all(stored: &[Message], sent: &[Message]) {
    for message in sent {
        let found: Vec<_> = stored.iter().filter(|stored| stored.id == message.id).collect();
        assert_eq!(found, [message], "stored once and unchanged");
    }
    assert_eq!(stored.len(), sent.len(), "nothing else is stored");
}

/// The revisions of a stream in the broker's order, without repetitions.
pub(super) fn revisions<H: SinkHarness>(stored: &[Message], key: &str) -> Vec<u64> {
    let mut seen = Vec::new();
    for message in stored.iter().filter(|message| message.stream == stream(key)) {
        let revision = message.revision.get();
        if !seen.contains(&revision) {
            seen.push(revision);
        } else {
            assert_eq!(H::REPEATED, Repeated::Stored, "{message:?} is stored twice");
        }
    }
    seen
}

//! The port through which a publisher sends to a message broker.

use crate::projection::{Cause, Caused};
use crate::record::BoxError;

use super::message::Message;

/// A message broker that accepts messages and confirms each of them. `es-nats` implements it.
///
/// # Contract
///
/// 1. A confirmation resolves to `Ok` only if the message is stored where it outlives the sender. After an
///    error it may be stored or not: the publisher sends it again, under the same id.
/// 2. [`send`](Self::send) resolves as soon as the next message can be sent, and waits while there is no room
///    for it (back-pressure).
/// 3. A confirmation resolves within a time that the sink sets, counted from `send`, even if it is not polled
///    until then.
/// 4. A message that is sent after the confirmation of another one is stored after it.
///
/// # Implementing
///
/// Run `es_core::sink_conformance!` in the sink's tests, the suite in `es_core::conformance::sinks`.
pub trait MessageSink: Send + Sync + 'static {
    /// Resolves when the message is stored, or is known not to be. An `async` block is one inside `Box::pin`.
    type Confirmation: Future<Output = Result<(), SinkError>> + Send + Unpin;

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// [`SinkError`]; the message may have been sent.
    fn send(&self, message: &Message) -> impl Future<Output = Result<Self::Confirmation, SinkError>> + Send;
}

/// Why a message was not confirmed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The broker is unavailable or full, or did not respond in time. The publisher sends the message again.
    #[error("the message was not confirmed: {source}")]
    Unavailable {
        /// The error of the broker, or of the connection to it.
        source: BoxError,
    },
    /// The broker does not accept this message, however often it is sent.
    #[error("the message was refused: {source}")]
    Refused {
        /// The error of the broker.
        source: BoxError,
    },
    /// The broker accepts no messages from this sender, for example because a stream or a permission is
    /// missing.
    #[error("the broker is not set up for this publisher: {source}")]
    Setup {
        /// What is wrong, and what to do.
        source: BoxError,
    },
}

impl SinkError {
    /// Whether the same message can be confirmed later, without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

impl From<SinkError> for Caused {
    fn from(error: SinkError) -> Self {
        let cause = match &error {
            SinkError::Unavailable { .. } => Cause::Passing,
            SinkError::Refused { .. } => Cause::Event,
            SinkError::Setup { .. } => Cause::Setup,
        };
        cause.of_error(error)
    }
}

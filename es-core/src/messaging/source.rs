//! What a consumer needs of a message broker.

use std::time::Duration;

use super::message::Message;
use super::wire::MalformedMessage;
use crate::record::BoxError;

/// A message broker that delivers messages until each is settled. The port that `es-nats` implements.
///
/// # Contract
///
/// 1. Messages of one stream come in the order in which the broker stored them. A message that was delivered
///    and is not settled comes again, and no message that was stored after it comes before it.
/// 2. The next call of [`receive`](Self::receive) is made after all messages of the one before were settled,
///    or given back. A future of it that is dropped loses nothing.
pub trait MessageSource: Send + Sync + 'static {
    /// A delivered message.
    type Delivery: Delivery;

    /// Waits for messages, at least one, in their order.
    ///
    /// # Errors
    ///
    /// [`SourceError`].
    fn receive(&self) -> impl Future<Output = Result<Vec<Self::Delivery>, SourceError>> + Send;
}

/// A message that was delivered, and is settled by one of [`ack`](Self::ack) and [`term`](Self::term).
pub trait Delivery: Send + Sync + 'static {
    /// The message.
    ///
    /// # Errors
    ///
    /// What was delivered is not a message.
    fn message(&self) -> Result<&Message, &MalformedMessage>;

    /// The number of the message among all that the broker stores.
    fn place(&self) -> u64;

    /// How many times it was delivered, including this time.
    fn deliveries(&self) -> u64;

    /// It was processed. Resolves once the broker has confirmed that it does not come again.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; it may come again.
    fn ack(&self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// It was not processed, and is to come again after a time.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; it comes again when the broker has waited long enough.
    fn nack(&self, after: Duration) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// It was not processed, and is not to come again.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; it may come again.
    fn term(&self, reason: &str) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// It is still being processed, so it is not to come again yet.
    ///
    /// # Errors
    ///
    /// [`SourceError`].
    fn progress(&self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// After which time it comes again unless there was [progress](Self::progress); `None` if never.
    fn comes_again_after(&self) -> Option<Duration>;
}

/// Why a source does not deliver, or does not settle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The broker is not available or did not respond in time.
    #[error("the broker is not available: {source}")]
    Unavailable {
        /// The error of the broker, or of the connection to it.
        source: BoxError,
    },
    /// The broker delivers nothing to this receiver until something is changed.
    #[error("the broker is not set up for this consumer: {source}")]
    Setup {
        /// What is wrong, and what to do.
        source: BoxError,
    },
}

impl SourceError {
    /// Whether the same call can succeed later, without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

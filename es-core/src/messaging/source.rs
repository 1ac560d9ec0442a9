//! The port through which a consumer receives from a message broker.

use std::time::Duration;

use super::message::Message;
use super::wire::MalformedMessage;
use crate::record::BoxError;

/// A message broker that delivers each message until it is settled. `es-nats` implements it.
///
/// # Contract
///
/// 1. Messages of one stream are delivered in the order in which the broker stored them. A message that is
///    not settled is redelivered, before any message that was stored after it.
/// 2. The caller settles or [returns](Delivery::nack) all messages of one call of [`receive`](Self::receive)
///    before the next call. Dropping the future of `receive` loses no message.
///
/// # Implementing
///
/// Run `es_core::source_conformance!` in the source's tests, the suite in `es_core::conformance::sources`.
pub trait MessageSource: Send + Sync + 'static {
    /// A delivered message.
    type Delivery: Delivery;

    /// Waits for messages, and returns at least one, in order.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when the broker does not deliver.
    fn receive(&self) -> impl Future<Output = Result<Vec<Self::Delivery>, SourceError>> + Send;
}

/// A delivered message, to be settled with [`ack`](Self::ack) or [`term`](Self::term).
pub trait Delivery: Send + Sync + 'static {
    /// The message.
    ///
    /// # Errors
    ///
    /// [`MalformedMessage`] when what was delivered is not a message.
    fn message(&self) -> Result<&Message, &MalformedMessage>;

    /// The sequence number that the broker gave the message.
    fn place(&self) -> u64;

    /// How many times the message was delivered, including this time.
    fn deliveries(&self) -> u64;

    /// Acknowledges the message: it was processed. Resolves once the broker has confirmed that it will not
    /// redeliver it.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; the message may be redelivered.
    fn ack(&self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Returns the message unprocessed, to be redelivered after a time.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; the broker redelivers the message after its acknowledgement timeout.
    fn nack(&self, after: Duration) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Settles the message unprocessed, so that it is not redelivered.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; the message may be redelivered.
    fn term(&self, reason: &str) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Reports that the message is still being processed, so that it is not redelivered yet.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; the message may be redelivered.
    fn progress(&self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// The time after which the message is redelivered unless [progress](Self::progress) was reported; `None`
    /// if it never is.
    fn comes_again_after(&self) -> Option<Duration>;
}

/// Why a source does not deliver, or does not settle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The broker is unavailable or did not respond in time.
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

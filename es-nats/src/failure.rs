//! Conversions from NATS errors to those of sinks and sources.

use std::error::Error;

use async_nats::jetstream;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use es_core::messaging::{SinkError, SourceError};
use es_core::record::BoxError;

/// What is missing or refused on the server, and has to be set up first.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsSetupError {
    /// The stream does not exist.
    #[error("there is no stream `{0}`; create it, for example with `NatsSink::create`")]
    NoStream(String),
    /// No durable consumer can have this name.
    #[error("`{0}` cannot name a durable consumer: it is empty, or contains white space, `.`, `*` or `>`")]
    InvalidName(String),
    /// The server refused a request.
    #[error("the server refused {what}: {source}")]
    Refused {
        /// What was requested: `the stream`, `the consumer` or `the message`.
        what: &'static str,
        /// The server's error.
        source: BoxError,
    },
}

impl From<NatsSetupError> for SinkError {
    fn from(error: NatsSetupError) -> Self {
        Self::Setup { source: error.into() }
    }
}

impl From<NatsSetupError> for SourceError {
    fn from(error: NatsSetupError) -> Self {
        Self::Setup { source: error.into() }
    }
}

/// Error codes: the message, headers included, is too large for the server or the stream.
const TOO_LARGE: [u64; 2] = [10_054, 10_097];

/// Error code: the stream does not exist.
const NO_STREAM: u64 = 10_059;

/// Error code: the stream is full, or the server could not write to it.
const NOT_STORED: u64 = 10_077;

/// Why a message was not published.
#[derive(Debug)]
pub(crate) enum PublishFailure {
    /// No responders: the stream does not exist, or has no leader yet.
    NoResponders(PublishError),
    Failed(SinkError),
}

impl From<PublishError> for PublishFailure {
    fn from(error: PublishError) -> Self {
        match error.kind() {
            PublishErrorKind::StreamNotFound => Self::NoResponders(error),
            PublishErrorKind::MaxPayloadExceeded => Self::Failed(SinkError::Refused { source: error.into() }),
            PublishErrorKind::Other => Self::Failed(from_server(error)),
            _ => Self::Failed(unavailable(error)),
        }
    }
}

/// An error with which the server answered a message.
fn from_server(error: PublishError) -> SinkError {
    let Some(answer) = server_error(&error) else { return unavailable(error) };
    match answer.error_code().0 {
        code if TOO_LARGE.contains(&code) => SinkError::Refused { source: answer.clone().into() },
        NOT_STORED => SinkError::Unavailable { source: answer.clone().into() },
        _ if answer.code() >= 500 => SinkError::Unavailable { source: answer.clone().into() },
        _ => NatsSetupError::Refused { what: "the message", source: answer.clone().into() }.into(),
    }
}

/// The server's own error, if it sent one.
fn server_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a jetstream::Error> {
    std::iter::successors(Some(error), |error| (*error).source()).find_map(|error| error.downcast_ref())
}

/// Whether the server reports that a stream does not exist.
pub(crate) fn is_no_stream(error: &(dyn Error + 'static)) -> bool {
    server_error(error).is_some_and(|error| error.error_code().0 == NO_STREAM)
}

/// Whether the server refused a request permanently.
pub(crate) fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    server_error(error).is_some_and(|error| error.code() < 500)
}

pub(crate) fn unavailable(error: impl Into<BoxError>) -> SinkError {
    SinkError::Unavailable { source: error.into() }
}

pub(crate) fn source_unavailable(error: impl Into<BoxError>) -> SourceError {
    SourceError::Unavailable { source: error.into() }
}

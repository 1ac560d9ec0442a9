//! What errors of NATS mean: whether they pass, whose fault they are, and what to do.

use std::error::Error;

use async_nats::jetstream;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use es_core::messaging::{SinkError, SourceError};
use es_core::record::BoxError;

/// What somebody has to set up at the server first.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsSetupError {
    /// There is no stream for the messages.
    #[error("there is no stream `{0}`; create it, or let `NatsSink::create` do it")]
    NoStream(String),
    /// The server refuses what it is asked for.
    #[error("the server refuses {what}: {source}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// What the server says.
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

/// A message that is too large for the server or the stream, headers included.
const TOO_LARGE: [u64; 2] = [10_054, 10_097];

/// There is no stream of this name.
const NO_STREAM: u64 = 10_059;

/// The stream is full, or the server could not write.
const NOT_STORED: u64 = 10_077;

/// What went wrong with a message.
#[derive(Debug)]
pub(crate) enum Published {
    /// Nobody listens: the stream is not there, or is not there yet.
    NobodyListens(PublishError),
    Failed(SinkError),
}

impl From<PublishError> for Published {
    fn from(error: PublishError) -> Self {
        match error.kind() {
            PublishErrorKind::StreamNotFound => Self::NobodyListens(error),
            PublishErrorKind::MaxPayloadExceeded => Self::Failed(SinkError::Refused { source: error.into() }),
            PublishErrorKind::Other => Self::Failed(of_server(error)),
            _ => Self::Failed(unavailable(error)),
        }
    }
}

/// What the server answered.
fn of_server(error: PublishError) -> SinkError {
    let Some(said) = said(&error) else { return unavailable(error) };
    match said.error_code().0 {
        code if TOO_LARGE.contains(&code) => SinkError::Refused { source: said.clone().into() },
        NOT_STORED => SinkError::Unavailable { source: said.clone().into() },
        _ if said.code() >= 500 => SinkError::Unavailable { source: said.clone().into() },
        _ => NatsSetupError::Refused { what: "the message", source: said.clone().into() }.into(),
    }
}

/// The server's own words, if it said something.
fn said<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a jetstream::Error> {
    std::iter::successors(Some(error), |error| (*error).source()).find_map(|error| error.downcast_ref())
}

/// Whether the server says that a stream is not there.
pub(crate) fn is_no_stream(error: &(dyn Error + 'static)) -> bool {
    said(error).is_some_and(|said| said.error_code().0 == NO_STREAM)
}

/// Whether the server refuses something for good.
pub(crate) fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    said(error).is_some_and(|said| said.code() < 500)
}

pub(crate) fn unavailable(error: impl Into<BoxError>) -> SinkError {
    SinkError::Unavailable { source: error.into() }
}

pub(crate) fn away(error: impl Into<BoxError>) -> SourceError {
    SourceError::Unavailable { source: error.into() }
}

//! Why a stored event could not be decoded. The messages name the event and its place, never the payload.

use std::fmt;

use super::{BoxError, EventPlace, PayloadError, RawEvent};
use crate::stream::{Position, Revision, StreamId};

/// A stored event that this program cannot read, and why.
#[derive(Debug)]
pub struct DecodeError(Box<Undecodable>);

/// Boxed, so that a `Result` stays small in the successful case.
#[derive(Debug)]
struct Undecodable {
    place: EventPlace,
    name: String,
    version: u32,
    problem: DecodeProblem,
}

/// What is wrong with a stored event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The aggregate has no event of this name.
    #[error(
        "aggregate `{aggregate}` has no event of this name; list the event in `events(…)`, or set `unknown = \
         \"skip\"`"
    )]
    UnknownEvent {
        /// The aggregate's name.
        aggregate: &'static str,
    },
    /// A newer program wrote it.
    #[error(
        "version {found} is newer than {known}, the newest that this program knows; deploy the program that \
         knows it"
    )]
    FutureVersion {
        /// The stored version.
        found: u32,
        /// The newest known one.
        known: u32,
    },
    /// Version 0 does not exist.
    #[error("there is no version {found}; versions start at 1")]
    NoSuchVersion {
        /// The stored version.
        found: u32,
    },
    /// The payload does not fit the struct of its version.
    #[error("the payload does not fit version {version}: {source}")]
    Payload {
        /// The version whose struct was tried.
        version: u32,
        /// Where and how it differs.
        source: PayloadError,
    },
    /// The metadata is not what the framework writes.
    #[error("the metadata does not decode: {source}")]
    Metadata {
        /// Where and how it differs.
        source: PayloadError,
    },
    /// A retired event could not be converted into current events.
    #[error("could not convert the retired event into current events: {source}")]
    Retired {
        /// The error of [`Retired::retired`](crate::model::Retired::retired).
        source: BoxError,
    },
    /// A step of the upcast failed.
    #[error("the step from version {from} to version {to} failed: {source}")]
    Upcast {
        /// The version before the step.
        from: u32,
        /// The version after it.
        to: u32,
        /// The step's error.
        source: BoxError,
    },
    /// The code that reads it panicked.
    #[error(
        "the code that reads it panicked, in `Deserialize` or a step of the upcast; let that code return an \
         error instead"
    )]
    Panicked,
    /// The aggregate's `apply` panicked on it.
    #[error(
        "`apply` of aggregate `{aggregate}` panicked on it, so the state is unknown; `apply` must accept \
         every stored event"
    )]
    NotApplicable {
        /// The aggregate's name.
        aggregate: &'static str,
    },
}

impl DecodeError {
    /// The error of one stored event.
    #[must_use]
    pub fn new(raw: &RawEvent<'_>, problem: DecodeProblem) -> Self {
        Self(Box::new(Undecodable {
            place: EventPlace::new(raw),
            name: raw.name.to_owned(),
            version: raw.version,
            problem,
        }))
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &StreamId {
        &self.0.place.stream
    }

    /// The revision in the stream.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.0.place.revision
    }

    /// The position in the store.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.0.place.position
    }

    /// The stored name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The stored version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.0.version
    }

    /// What is wrong with the event.
    #[must_use]
    pub const fn problem(&self) -> &DecodeProblem {
        &self.0.problem
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Undecodable { place, name, version, problem } = &*self.0;
        write!(f, "event `{name}` version {version} at {place}: {problem}")
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.problem.source()
    }
}

/// The error of a payload that does not fit its struct.
pub(crate) fn misfit(raw: &RawEvent<'_>, error: &serde_json::Error) -> DecodeError {
    DecodeError::new(raw, DecodeProblem::Payload { version: raw.version, source: PayloadError::from(error) })
}

/// The error of a step that failed.
pub(crate) fn failed_step(raw: &RawEvent<'_>, from: u32, to: u32, source: BoxError) -> DecodeError {
    DecodeError::new(raw, DecodeProblem::Upcast { from, to, source })
}

/// The error of a stored version newer than `known`.
pub(crate) fn unreachable_version(raw: &RawEvent<'_>, known: u32) -> DecodeError {
    let problem = if raw.version == 0 {
        DecodeProblem::NoSuchVersion { found: 0 }
    } else {
        DecodeProblem::FutureVersion { found: raw.version, known }
    };
    DecodeError::new(raw, problem)
}

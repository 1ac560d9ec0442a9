//! Why a stored event could not be decoded. The messages name the event and the place, never the payload.

use std::fmt;

use crate::{BoxError, Position, RawEvent, Revision, StreamId};

/// A stored event that this program cannot read, and why.
#[derive(Debug)]
pub struct DecodeError(Box<Failure>);

/// Boxed, so that a result stays small where all goes well.
#[derive(Debug)]
struct Failure {
    stream: StreamId,
    revision: Revision,
    position: Position,
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
        "aggregate `{aggregate}` has no event of this name; list the event in `events(…)`, or set `unknown = \"skip\"`"
    )]
    UnknownEvent {
        /// The aggregate's name.
        aggregate: &'static str,
    },
    /// A newer program wrote it.
    #[error(
        "version {found} is newer than {known}, the newest that this program knows; deploy the program that knows it"
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
    /// A retired event could not be turned into events of today.
    #[error("the event is retired, and what it stands for cannot be said: {source}")]
    Retired {
        /// What [`Retired::retired`](crate::Retired::retired) says.
        source: BoxError,
    },
    /// A step of the upcast failed.
    #[error("the step from version {from} to version {to} failed: {source}")]
    Upcast {
        /// The version before the step.
        from: u32,
        /// The version after it.
        to: u32,
        /// What the step says.
        source: BoxError,
    },
    /// Code that reads it panicked.
    #[error(
        "the code that reads it panicked, in `Deserialize` or a step of the upcast; let that code return an error instead"
    )]
    Panicked,
    /// The state of the aggregate cannot take it in.
    #[error(
        "`apply` of aggregate `{aggregate}` panicked on it, so the state is not known; `apply` must take every stored event"
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
        Self(Box::new(Failure {
            stream: raw.stream.clone(),
            revision: raw.revision,
            position: raw.position,
            name: raw.name.to_owned(),
            version: raw.version,
            problem,
        }))
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &StreamId {
        &self.0.stream
    }

    /// The place in the stream.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.0.revision
    }

    /// The place in the store.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.0.position
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
        let Failure { stream, revision, position, name, version, problem } = &*self.0;
        let stream = stream.to_string();
        write!(
            f,
            "event `{name}` version {version} at revision {revision} of stream {stream:?} (position {position}): {problem}"
        )
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.problem.source()
    }
}

/// How JSON differs from the type it should decode to, without a word of the JSON itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadError {
    what: String,
    line: usize,
    column: usize,
}

impl From<&serde_json::Error> for PayloadError {
    fn from(error: &serde_json::Error) -> Self {
        Self { what: redacted(error), line: error.line(), column: error.column() }
    }
}

impl PayloadError {
    /// The error of code that panicked over it.
    pub(crate) fn panicked() -> Self {
        Self { what: String::from("the code that reads it panicked"), line: 0, column: 0 }
    }

    /// The error of JSON that decodes, and to something else than was encoded.
    pub(crate) fn another_value() -> Self {
        Self { what: String::from("a value reads back as another one"), line: 0, column: 0 }
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.what);
        }
        write!(f, "{} at line {} column {}", self.what, self.line, self.column)
    }
}

impl std::error::Error for PayloadError {}

/// Keeps of serde's message what the type's author wrote (field names, expected types) and drops what came
/// with the payload (values, unknown keys, the words of custom errors).
fn redacted(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    match error.classify() {
        Category::Eof => "it ends too early".into(),
        Category::Syntax => "it is no JSON of this shape".into(),
        Category::Io => "it cannot be read".into(),
        Category::Data => {
            for kind in ["missing field", "duplicate field"] {
                if message.starts_with(kind) {
                    return message.to_owned();
                }
            }
            for kind in
                ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"]
            {
                if message.starts_with(kind) {
                    return match message.rsplit_once(", expected ") {
                        Some((_, expected)) => format!("{kind}, expected {expected}"),
                        None => kind.into(),
                    };
                }
            }
            "a value is not allowed".into()
        }
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

/// The error of a stored version that `known` does not reach.
pub(crate) fn unreachable_version(raw: &RawEvent<'_>, known: u32) -> DecodeError {
    let problem = if raw.version == 0 {
        DecodeProblem::NoSuchVersion { found: 0 }
    } else {
        DecodeProblem::FutureVersion { found: raw.version, known }
    };
    DecodeError::new(raw, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its decoding is of interest")]
    struct Shape {
        amount: i64,
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    enum Kind {
        Small,
        Large,
    }

    #[test]
    fn a_payload_error_says_what_is_expected_and_never_what_was_found() {
        let text = |json: &str| {
            let error = serde_json::from_str::<Shape>(json).expect_err("does not fit");
            PayloadError::from(&error).to_string()
        };
        assert_eq!(text(r#"{"kind":"Small"}"#), "missing field `amount` at line 1 column 16");
        assert_eq!(text(r#"{"amount":"secret"}"#), "invalid type, expected i64 at line 1 column 18");
        assert_eq!(
            text(r#"{"kind":"secret"}"#),
            "unknown variant, expected `Small` or `Large` at line 1 column 16"
        );
        assert_eq!(text(r#"{"secret":1}"#), "unknown field, expected `amount` or `kind` at line 1 column 9");
        assert!(!text(r#"{"amount":"a, expected secret"}"#).contains("secret"));
        assert_eq!(text("{"), "it ends too early at line 1 column 1");
    }
}

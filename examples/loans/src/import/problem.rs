//! What is wrong with a log, line by line: in full for the first problems, counted for all.

use std::collections::HashMap;
use std::fmt;

use es_core::stream::InvalidStreamId;
use es_core::time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Rejected;
use crate::domain::ApplicationId;

/// How many problems are kept in full.
const KEPT: usize = 20;

/// A line that could not be imported. Nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1 on.
    pub line: u64,
    /// The application, where the line says so.
    pub case: Option<ApplicationId>,
    /// What is wrong.
    pub what: What,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says it all")]
pub enum What {
    #[error("it is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("it is empty")]
    Empty,
    #[error("it is not valid UTF-8")]
    NoText,
    #[error("it is no JSON object")]
    NoObject,
    #[error("it is not a record: {reason}")]
    Malformed { reason: String },
    #[error("the case cannot name an application: {0}")]
    Case(InvalidStreamId),
    #[error("the activity {found:?} is unknown")]
    Activity { found: String },
    #[error("the lifecycle {found:?} does not fit {activity}; it takes {expected}")]
    Lifecycle { found: String, activity: String, expected: &'static str },
    #[error("the time {found:?} is none by RFC 3339")]
    Time { found: String },
    #[error("the time {} is before {}, the time of the record before it", shown(*.found), shown(*.before))]
    Backwards { found: OffsetDateTime, before: OffsetDateTime },
    #[error("the resource is empty, over 255 bytes, or holds a control character")]
    Resource,
    #[error("A_SUBMITTED has no amount")]
    NoAmount,
    #[error("the amount {found} is not between 0 and {max} euros", max = u32::MAX)]
    Amount { found: i64 },
    #[error("{activity} takes no amount; only A_SUBMITTED does")]
    UnexpectedAmount { activity: String },
    #[error("record {seq} is there twice; the next should be {expected}")]
    Duplicate { seq: u64, expected: u64 },
    #[error("record {seq} follows where {expected} should; what is between them is missing")]
    Gap { seq: u64, expected: u64 },
    #[error(transparent)]
    Rejected(Rejected),
    #[error("the store holds something else as revision {revision}: {stored}, but the record says {record}")]
    Differs { revision: u64, stored: String, record: String },
}

impl What {
    /// What `serde_json` says, without the number of the only line that it sees.
    pub(super) fn malformed(error: &serde_json::Error) -> Self {
        let reason = error.to_string().replace(" at line 1 column ", " at column ");
        Self::Malformed { reason: excerpt(&reason, 200) }
    }
}

/// Text of a log as an error shows it: a line may be long, an error not.
pub(super) fn excerpt(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A time as logs write it.
pub(super) fn shown(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, case, what } = self;
        match case {
            Some(case) => write!(f, "line {line}: application {case}: {what}"),
            None => write!(f, "line {line}: {what}"),
        }
    }
}

/// The problems of one import.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    first: Vec<Problem>,
    all: u64,
    aside: HashMap<ApplicationId, u64>,
    later: u64,
}

impl Problems {
    /// Adds a problem, and sets its application aside: what comes later of it cannot be imported either.
    pub(super) fn add(&mut self, problem: Problem) {
        if let Some(case) = &problem.case {
            if self.is_set_aside(problem.line, case) {
                return;
            }
            self.aside.insert(case.clone(), problem.line);
        }
        self.all += 1;
        // By line, as workers find them in any order.
        let at = self.first.partition_point(|known| known.line <= problem.line);
        if at < KEPT {
            self.first.insert(at, problem);
            self.first.truncate(KEPT);
        }
    }

    /// Whether the application was set aside before this line; if so, the line counts as one that comes
    /// later.
    pub(super) fn is_set_aside(&mut self, line: u64, case: &ApplicationId) -> bool {
        let aside = self.aside.get(case).is_some_and(|first| *first < line);
        self.later += u64::from(aside);
        aside
    }

    /// The first ones, in the order of their lines.
    #[must_use]
    pub fn first(&self) -> &[Problem] {
        &self.first
    }

    /// How many there are.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.all
    }

    /// How many applications were set aside.
    #[must_use]
    pub fn applications(&self) -> usize {
        self.aside.len()
    }

    /// How many more records were left out because their application was set aside before them.
    #[must_use]
    pub const fn later(&self) -> u64 {
        self.later
    }
}

//! What became of an import.

use std::io;

use es_core::StoreError;

use super::{Problem, Problems, Source};
use crate::domain::ApplicationId;

/// What an import did.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What was wrong with the log, if bad lines were skipped.
    pub problems: Problems,
    /// Whether it was interrupted. The next run resumes.
    pub interrupted: bool,
}

/// Why an import stopped. Of each application the first records are imported, without gaps; where the log is
/// at fault, all those before the line that it names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The source cannot be opened.
    #[error("{from}: {source}")]
    Open {
        /// The source.
        from: Source,
        /// What the system says.
        source: io::Error,
    },
    /// The source cannot be read to its end.
    #[error("{from}, line {line}: cannot be read further: {source}")]
    Read {
        /// The source.
        from: Source,
        /// How far it was read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A record cannot be imported.
    #[error("{from}, {problem}")]
    Bad {
        /// The source.
        from: Source,
        /// Where, and why.
        problem: Problem,
    },
    /// The store failed.
    #[error("{source}")]
    Store {
        /// The record that it failed on.
        line: u64,
        /// What it says.
        source: StoreError,
    },
    /// The store has forgotten what was imported before.
    #[error(
        "application {case} is at revision {revision}, though {seq} of its records were imported before line {line}"
    )]
    Behind {
        /// The record that does not fit.
        line: u64,
        /// The application.
        case: ApplicationId,
        /// How many of its records come before.
        seq: u64,
        /// Where it stands.
        revision: u64,
    },
}

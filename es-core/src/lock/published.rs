//! What is published: one version of one event.

use std::fmt;

use crate::shape::Line;

/// One version of one event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Published {
    pub(super) name: String,
    pub(super) version: u32,
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` version {}", self.name, self.version)
    }
}

/// What is published of one version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) shape: Vec<Line>,
    /// What fields that it added are in older events.
    pub(super) defaults: Vec<Line>,
    /// What became of the types in it since they were first stored.
    pub(super) history: Vec<Line>,
    /// The Rust names, which may change.
    pub(super) rust: Vec<Line>,
}

/// Begins the line of a default: `added currency: "EUR"`.
pub(super) const ADDED: &str = "added ";

//! The findings of the check, and their messages.

use std::fmt;
use std::path::PathBuf;

/// One thing that differs between code and lock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What differs, and what to do; several lines.
    pub text: String,
}

impl Finding {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

/// Code and lock differ. The message is written for the author of the change.
#[derive(Clone, PartialEq, Eq)]
pub struct LockError {
    path: PathBuf,
    findings: Vec<Finding>,
}

impl LockError {
    pub(super) const fn new(path: PathBuf, findings: Vec<Finding>) -> Self {
        Self { path, findings }
    }

    /// Everything that differs.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.findings.len();
        let things = if count == 1 { "thing" } else { "things" };
        let of = format!("the code and {} differ in {count} {things}:", self.path.display());
        f.write_str(&numbered(&of, &self.findings))
    }
}

/// Findings one after the other, below a heading.
pub(super) fn numbered(heading: &str, findings: &[Finding]) -> String {
    let mut text = format!("{heading}\n");
    for (at, finding) in findings.iter().enumerate() {
        let mut lines = finding.text.lines();
        text.push_str(&format!("\n{}. {}\n", at + 1, lines.next().unwrap_or_default()));
        for line in lines {
            text.push_str(&if line.is_empty() { "\n".to_owned() } else { format!("   {line}\n") });
        }
    }
    text
}

/// A test that returns the error shows its `Debug` form.
impl fmt::Debug for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LockError {}

//! The keys of an event, to paste.

use std::fmt::Write as _;

use crate::lock::code::Entry;
use crate::shape::Line;

/// The keys of `#[event(…)]`, except those that describe the previous version.
pub(super) fn keys(entry: &Entry, version: u32, lines: &[Line]) -> String {
    let mut keys = format!("name = {:?}", entry.shape.name());
    let was: Vec<String> = entry.shape.was().iter().map(|was| format!("{was:?}")).collect();
    if !was.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(keys, ", was({})", was.join(", "));
    }
    let _ = write!(keys, ", version = {version}");
    if let Some(semantics) = Line::find(lines, "semantics") {
        let _ = write!(keys, ", semantics = {}", semantics.value);
    }
    keys
}

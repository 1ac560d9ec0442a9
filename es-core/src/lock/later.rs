//! The lines of an entry that tell what became of the types in it.

use std::collections::BTreeSet;

use crate::catalogue::EventShape;
use crate::shape::{HISTORY, LATER, Line, Unsound};

/// Whether a line in an entry tells the history of a type.
pub(super) fn is_of_history(line: &Line) -> bool {
    line.key.starts_with(HISTORY) || line.key.starts_with(LATER)
}

/// The lines of one version, and what is wrong with them.
pub(super) fn lines(shape: &EventShape, findings: &mut BTreeSet<String>) -> Vec<Line> {
    let later = shape.schema().later();
    for (field, unsound) in later.unsound {
        findings.insert(match unsound {
            Unsound::Changing => format!(
                "the default of `{field}` is not deterministic\n\
                 What was stored before would mean something else at every reading. Write a constant."
            ),
            Unsound::NotJson => format!(
                "the default of `{field}` cannot be written as JSON\n\
                 So it cannot be locked. Write one that a payload can hold."
            ),
        });
    }
    later.lines
}

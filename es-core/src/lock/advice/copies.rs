//! Copies of changed types, for the struct of an old version.

use crate::lock::diff::lines::{changed_types, rust_type, shape_name};
use crate::shape::Line;

/// Generic types of the standard library, which are never copied.
const STANDARD: &[&str] = &["Bound", "Range", "RangeFrom", "RangeInclusive", "RangeTo", "Result"];

/// A type that has changed, or that contains one: its name in Rust, and in shapes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    rust: String,
    shape: String,
}

/// The types to copy, by their names in Rust; a generic type is listed once.
pub(super) fn of(before: &[Line], now: &[Line]) -> Vec<Changed> {
    let mut types: Vec<Changed> = Vec::new();
    for name in changed_types(before, now) {
        let shape = shape_name(&name).to_owned();
        let is_standard = name.contains('<') && STANDARD.contains(&shape.as_str());
        // The lock has its former name, the code its current one.
        let line = [before, now].into_iter().find_map(|lines| Line::find(lines, &format!("type {name}")));
        let rust = line.map_or(shape.as_str(), rust_type).to_owned();
        let changed = Changed { rust, shape };
        if !is_standard && !types.contains(&changed) {
            types.push(changed);
        }
    }
    types
}

/// The types that were removed, which the previous version still contains.
pub(super) fn gone(before: &[Line], now: &[Line]) -> Vec<Changed> {
    let types = |lines: &'_ [Line]| -> Vec<Changed> {
        let types = lines.iter().filter(|line| line.key.starts_with("type "));
        types
            .map(|line| Changed { rust: rust_type(line).into(), shape: shape_name(&line.key).into() })
            .collect()
    };
    let now = types(now);
    let mut gone = types(before);
    gone.retain(|old| now.iter().all(|new| new.rust != old.rust));
    gone.dedup();
    gone
}

/// ``, keeping `Money` as it was``; empty if nothing was removed.
pub(super) fn keeping(gone: &[Changed]) -> String {
    match gone.len() {
        0 => String::new(),
        1 => format!(", keeping {} as it was", names(gone)),
        _ => format!(", keeping {} as they were", names(gone)),
    }
}

/// ``a copy of `Channel` as it was, under another name and with `#[shape(name = "Channel")]` on it``.
pub(super) fn in_words(types: &[Changed]) -> String {
    let (a_copy, as_it_was, another_name, it) = match types.len() {
        1 => ("a copy", "as it was", "another name", "it"),
        _ => ("copies", "as they were", "other names", "them"),
    };
    let attributes = joined(types, |Changed { shape, .. }| format!("`#[shape(name = \"{shape}\")]`"));
    format!("{a_copy} of {} {as_it_was}, under {another_name} and with {attributes} on {it}", names(types))
}

/// The names in Rust.
pub(super) fn names(types: &[Changed]) -> String {
    joined(types, |Changed { rust, .. }| format!("`{rust}`"))
}

fn joined(types: &[Changed], show: fn(&Changed) -> String) -> String {
    types.iter().map(show).collect::<Vec<_>>().join(" and ")
}

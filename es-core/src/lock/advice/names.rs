//! Names on the wire, and names in code.

use crate::lock::code::Entry;
use crate::lock::diff::lines::{renamed, rust_type};
use crate::shape::Line;

/// The name of a field in Rust, as written in code; `None` if it is not known.
pub(super) fn rust(line: &Line) -> Option<&str> {
    let is_ident = |name: &str| {
        name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
            && !name.starts_with(|letter: char| letter.is_numeric())
    };
    line.rust.as_deref().or(Some(line.key.as_str())).filter(|name| is_ident(name.trim_start_matches("r#")))
}

/// A name on the wire, as a literal in code.
pub(super) fn literal(key: &str) -> String {
    if key.starts_with('"') { key.to_owned() } else { format!("{key:?}") }
}

/// The key `was`, with one more name.
pub(in crate::lock) fn was<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> String {
    let mut names: Vec<String> =
        known.filter(|known| *known != name).map(|known| format!("{known:?}")).collect();
    names.push(format!("{name:?}"));
    format!("was({})", names.join(", "))
}

/// How to change only the name in Rust, if names are all that has changed.
pub(super) fn kept(before: &[Line], now: &[Line], entry: &Entry) -> Option<String> {
    let mut attributes = Vec::new();
    for old in before {
        let Some(new) = Line::find(now, &old.key) else { continue };
        // For a field of an old version, its history has the name.
        let of = match old.key == "payload" {
            true if entry.is_of_history => continue,
            true => entry.shape.struct_name(),
            false => rust_type(new),
        };
        parts(&old.below, &new.below, of, &mut attributes);
    }
    if attributes.is_empty() {
        return None;
    }
    Some(format!(
        "To rename only in Rust, write {}: nothing changes in what is stored.",
        attributes.join(", ")
    ))
}

fn parts(old: &[Line], new: &[Line], of: &str, attributes: &mut Vec<String>) {
    for (old, new) in renamed(old, new) {
        if let Some(rust) = rust(new) {
            attributes.push(format!("`#[serde(rename = {})]` on `{of}::{rust}`", literal(&old.key)));
        }
    }
    for part in old.iter().filter(|part| !part.below.is_empty()) {
        if let Some(now) = Line::find(new, &part.key) {
            parts(&part.below, &now.below, &format!("{of}::{}", rust(now).unwrap_or(&now.key)), attributes);
        }
    }
}

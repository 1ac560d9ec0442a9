//! Advice for a change that the history of fields can express.

use std::fmt::Write as _;

use super::keys::keys;
use super::names;
use crate::lock::code::Entry;
use crate::lock::diff::lines;
use crate::shape::Line;

/// The struct of the next version with `added`, `renamed` and `removed`, if nothing else has changed and the
/// past is not written by hand.
pub(super) fn history<'a>(
    version: u32,
    entry: &Entry,
    before: &'a [Line],
    now: &'a [Line],
) -> Option<String> {
    if version > 1 && !entry.has_history {
        return None;
    }
    let (was, is) = (Line::find(before, "payload")?, Line::find(now, "payload")?);
    if was.value != "struct" || is.value != "struct" || was.notes != is.notes {
        return None;
    }
    let differs =
        |lines: &[Line], line: &Line| Line::find(lines, &line.key).is_some_and(|other| other != line);
    let is_retyped = was.below.iter().any(|field| differs(&is.below, field));
    let has_other_types = before.iter().any(|line| line.key != "payload" && differs(now, line));
    if is_retyped || has_other_types || Line::find(before, "semantics") != Line::find(now, "semantics") {
        return None;
    }
    let only_in = |lines: &'a Line, others: &Line| -> Vec<&'a Line> {
        lines.below.iter().filter(|field| Line::find(&others.below, &field.key).is_none()).collect()
    };
    let (gone, new) = (only_in(was, is), only_in(is, was));
    if gone.is_empty() && new.is_empty() {
        return None;
    }
    let renamed = lines::renamed(&was.below, &is.below);
    written(entry, keys(entry, version + 1, now), version, (&gone, &new, &renamed))
}

/// Removed fields, added fields, and pairs of a removed field and the added one that it was renamed to.
type FieldChanges<'a> = (&'a [&'a Line], &'a [&'a Line], &'a [(&'a Line, &'a Line)]);

fn written(
    entry: &Entry,
    mut keys: String,
    version: u32,
    (gone, new, renamed): FieldChanges<'_>,
) -> Option<String> {
    let (next, mut fields) = (version + 1, String::new());
    if version > 1 {
        keys.push_str(" /* and the existing `removed(…)` */");
    }
    for field in new {
        let change = match renamed.iter().find(|(_, new)| new == field) {
            Some((old, _)) => format!("renamed(in = {next}, from = {})", names::literal(&old.key)),
            None => format!("added(in = {next}, default = /* its value in version {version} */)"),
        };
        // Writing to a string cannot fail.
        let _ = write!(fields, "    #[event({change})]\n    {}: /* as it is now */,\n", names::rust(field)?);
    }
    for field in gone.iter().filter(|field| renamed.iter().all(|(old, _)| old != *field)) {
        let rust = names::rust(field)?;
        // It had no name on the wire, or one that the struct's `rename_all` may no longer generate.
        let rename = match rust.trim_start_matches("r#") == field.key {
            true => String::new(),
            false => format!("#[serde(rename = {})] ", names::literal(&field.key)),
        };
        let _ = write!(keys, ", removed(in = {next}, {rename}{rust}: /* as it was */)");
    }
    let others = if new.is_empty() { "the fields" } else { "the other fields" };
    let struct_name = entry.shape.struct_name();
    Some(format!(
        "#[event({keys})]\npub struct {struct_name} {{\n{fields}    /* {others} as they are now */\n}}"
    ))
}
